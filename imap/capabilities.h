// What a server says that it can do (RFC 9051, section 6.1.1).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace imap {

class Capabilities {
 public:
  Capabilities() = default;
  explicit Capabilities(std::vector<std::string> names);

  // In any case: has("idle"), has("STATUS=SIZE").
  bool has(std::string_view name) const;

  // As the server sent them.
  const std::vector<std::string>& names() const { return names_; }

  // HIGHESTMODSEQ and MODSEQ (RFC 7162): QRESYNC implies CONDSTORE.
  bool has_modseq() const { return has("CONDSTORE") || has("QRESYNC"); }

  // The FETCH item that names a message wherever it is in the account: EMAILID (RFC 8474) or
  // Gmail's X-GM-MSGID. Empty if there is none.
  std::string_view message_id_item() const {
    if (has("OBJECTID")) return "EMAILID";
    return has("X-GM-EXT-1") ? "X-GM-MSGID" : "";
  }

  // The longest message that APPEND takes, in bytes (RFC 7889); nothing if the server does not say.
  std::optional<std::uint64_t> append_limit() const;

 private:
  std::vector<std::string> names_;
};

}  // namespace imap
