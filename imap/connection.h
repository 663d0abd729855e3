// Commands out, answers in, over one Transport: tags, go-aheads for literals, reading while
// sending.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "imap/command.h"
#include "imap/lexer.h"
#include "imap/limits.h"
#include "imap/response.h"
#include "imap/transport.h"

namespace imap {

// Fails with kNetwork (lost, silent for too long) or ConnectionLost (BYE, told to come back later),
// and with kProtocol; then it is of no more use.
class Connection : private Source {
 public:
  Connection(std::unique_ptr<Transport> transport, const Limits& limits);

  struct Tag {
    std::uint64_t number = 0;
    auto operator<=>(const Tag&) const = default;
    std::string text() const;
  };

  // Puts the command behind those that are under way. It goes out while finish() waits, so all that
  // is started before goes out together.
  Tag start(Command command);

  // Waits until the command is answered. Untagged answers, which may belong to any command under
  // way or to none, go to `take`, and their bodies to `bodies`.
  using Take = std::function<void(Response&)>;
  StatusResponse finish(Tag tag, const Take& take, BodySink& bodies);

  // False once the server has refused a command whose literal went out without a go-ahead: it may
  // not have read the literal, and take the rest for commands. Nothing more goes out then. What
  // went out whole before is still answered; start() fails with ConnectionLost.
  bool is_usable() const { return !has_unread_literal_; }

  // Whether the command had not gone out whole when the connection became unusable: the server
  // can't have carried it out, and finish() must not be called for it.
  bool is_dropped(Tag tag) const { return dropped_.contains(tag.number); }

  // From now on all is compressed, both ways. Between commands, when the server has said OK to
  // COMPRESS.
  void compress();

  // As Transport has it.
  std::vector<std::string> announced() const { return transport_->announced(); }

  // From now on BYE is no failure.
  void expect_bye() { expects_bye_ = true; }

  // Each message of a FETCH has Limits::message to come, from one call of expect_message() to the
  // next or to expect_no_message(). Else finish() fails with kMessageTooSlow.
  void expect_message();
  void expect_no_message() { deadline_.reset(); }

 private:
  struct Segment {
    std::uint64_t command = 0;
    std::string owned;
    base::ByteView borrowed;  // instead of `owned` if not empty
    bool waits = false;       // for the server's go-ahead
    bool is_unasked = false;  // a literal that does not wait
    base::ByteView bytes() const { return borrowed.empty() ? base::as_bytes(owned) : borrowed; }
  };

  std::size_t read(std::span<std::byte> buffer) override;
  std::chrono::milliseconds patience() const;
  bool send_some();
  bool can_send() const;
  void gather();
  void add_segment(Segment segment);
  void go_ahead();
  void complete(StatusResponse status);
  void send_rest_of(std::uint64_t command);
  void drop_unsent();
  bool read_ahead();
  void note(const StatusResponse& status);

  std::unique_ptr<Transport> transport_;
  Limits limits_;
  Lexer lexer_;
  std::uint64_t last_command_ = 0;
  std::map<std::uint64_t, StatusResponse> answered_;  // and not yet asked for
  std::deque<Segment> queue_;
  std::string gathered_;  // small segments, to go out together
  std::vector<std::pair<std::uint64_t, std::size_t>> gathered_ends_;  // command, offset behind it
  std::set<std::uint64_t> sent_unasked_;  // commands with a literal that went out without waiting
  std::set<std::uint64_t> dropped_;
  bool has_unread_literal_ = false;
  base::ByteView outgoing_;  // of `gathered_` or of the first segment; stays in place until taken
  base::Bytes ahead_;        // came before the lexer wanted it: the next that it reads
  bool expects_bye_ = false;
  std::optional<std::chrono::steady_clock::time_point> deadline_;  // of a message
};

}  // namespace imap
