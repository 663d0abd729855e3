// The person for whom another program runs a command: a page that mail users log in to, or a help
// desk. The audit log names the person beside the Unix user, who vouches for it.
#pragma once

#include <cstddef>
#include <string>

namespace base {

struct OnBehalf {
  std::string person;  // the name under which the person logged in
  std::string role;    // lower-case letters, digits, - and _: "owner", "helpdesk"
  std::string client;  // the IPv4 or IPv6 address that the request came from
  bool operator==(const OnBehalf&) const = default;
};

inline constexpr std::size_t kMaxOnBehalfDocument = 4'096;  // bytes
inline constexpr std::size_t kMaxPerson = 256;              // bytes
inline constexpr std::size_t kMaxRole = 32;                 // bytes

// Reads {"person": "...", "role": "...", "client": "..."} from an open descriptor, 3 or higher, to
// its end, and closes it. Each key must be there once, and no other. Fails with kUsage if the
// descriptor can't be read, if it does not end within 10 s, or if the document is not exactly as
// described here: too long, not UTF-8, an empty value, a control character.
OnBehalf read_on_behalf(std::size_t descriptor);

}  // namespace base
