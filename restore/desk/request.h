// The requests of a web server to the desk (docs/desk-protocol.md): one line of JSON each.
#pragma once

#include <cstddef>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>

#include "base/secret.h"
#include "restore/desk/rules.h"

namespace desk {

inline constexpr std::size_t kMaxRequest = std::size_t{2} << 20U;  // bytes, without the line end
inline constexpr std::size_t kMaxRequestDepth = 4;

struct Request {
  RequestKind kind = RequestKind::kLogin;
  std::string session;  // the token; empty for a login
  std::string client;   // the person's address, as the web server sees it
  std::string account;  // from staff; empty: not given
  base::Secret password;
  std::map<std::string, std::string, std::less<>> texts;  // the other fields; a selection as JSON
  std::map<std::string, std::size_t, std::less<>>
      numbers;  // those that are counts, and 1 for a flag

  const std::string& text(std::string_view field) const;  // empty if it is not given
  std::size_t number_or(std::string_view field, std::size_t otherwise) const;
};

// A line is not a request. what() names the field and what it must be; it repeats nothing of the
// line but a field's name.
class NoRequest : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// Fails with NoRequest for anything that the rules do not allow: a field that is unknown, missing,
// given twice, or not of its form.
Request parse_request(std::string_view line, Door door);

// Whether the text is of a form; for kSelection, whether it is such an object as JSON.
bool is_of_form(Form form, std::string_view text);

// The part of the network that an address belongs to, whose addresses count as one person's: an
// IPv4 address, or the first 64 bits of an IPv6 address.
std::string network_of(const std::string& address);

}  // namespace desk
