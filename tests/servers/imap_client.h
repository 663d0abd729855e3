// A minimal IMAP client that sets up test cases or plays another user: blocking, without TLS,
// trusting its server. Deliberately not the client under test.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "base/handle.h"
#include "tests/servers/delivery.h"

namespace servers {

struct Answer {
  std::string untagged;  // every line before the tagged one, including literals
  std::string result;    // "OK ...", "NO ..." or "BAD ..."
  bool is_ok() const { return result.starts_with("OK"); }
};

class ImapClient {
 public:
  // Connects and reads the greeting. Every call fails with an Error when the connection is lost.
  ImapClient(std::string_view host, std::uint16_t port);

  // Returns true once a server answers there.
  static bool is_greeted(std::string_view host, std::uint16_t port);

  void login(std::string_view user, std::string_view password);

  // Sends one command, given without tag and line end; literals in LITERAL+ form ("{3+}\r\nabc").
  Answer try_command(std::string_view text);

  // Like try_command, but fails with the server's response unless the command succeeds. Returns the
  // untagged lines.
  std::string command(std::string_view text);

  // For servers without LITERAL+ and MULTIAPPEND: append() then waits before each message.
  void set_waiting_for_literals(bool waits) { waits_for_literals_ = waits; }

  // Appends with MULTIAPPEND, many messages at a time.
  void append(std::string_view folder, std::span<const Delivery> messages);

  // KiB that count towards the quota; nullopt if the server has no quotas.
  std::optional<std::uint64_t> storage_usage(std::string_view folder = "INBOX");

  // Sends bytes unchanged, for input that is not a command.
  void send(std::string_view bytes);
  std::string read_line();  // with its CRLF

 private:
  Answer read_answer(const std::string& tag);
  void append_waiting(std::string_view folder, const Delivery& message);
  std::string read_exactly(std::size_t count);
  bool fill();

  base::Fd socket_;
  std::string buffer_;
  std::size_t at_ = 0;  // how much of buffer_ was consumed
  unsigned last_tag_ = 0;
  bool waits_for_literals_ = false;
};

// One command that appends all of them (MULTIAPPEND, LITERAL+), without its tag and line end.
std::string append_command(std::string_view folder, std::span<const Delivery> messages);

// `name` as a quoted string.
std::string quote(std::string_view name);

}  // namespace servers
