// The capabilities that a server announces (RFC 9051, section 6.1.1).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace imap {

class Capabilities {
 public:
  // More are ignored: each command looks for some of them, one by one.
  static constexpr std::size_t kMaxNames = 1'000;

  Capabilities() = default;
  explicit Capabilities(std::vector<std::string> names);

  // Case-insensitive: has("idle"), has("STATUS=SIZE").
  bool has(std::string_view name) const;

  // The names, as sent by the server.
  const std::vector<std::string>& names() const { return names_; }

  // HIGHESTMODSEQ and MODSEQ (RFC 7162): QRESYNC implies CONDSTORE.
  bool has_modseq() const { return has("CONDSTORE") || has("QRESYNC"); }

  // The FETCH item that identifies a message across the folders of the account: EMAILID (RFC 8474)
  // or Gmail's X-GM-MSGID. Empty if the server has neither.
  std::string_view message_id_item() const {
    if (has("OBJECTID")) return "EMAILID";
    return has("X-GM-EXT-1") ? "X-GM-MSGID" : "";
  }

  // The largest message that APPEND accepts, in bytes (RFC 7889); nullopt if the server doesn't
  // announce it.
  std::optional<std::uint64_t> append_limit() const;

 private:
  std::vector<std::string> names_;
};

}  // namespace imap
