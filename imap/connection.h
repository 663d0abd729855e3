// Sends commands and reads their responses over one Transport: tags, go-aheads for literals,
// reading while sending.
#pragma once

#include <algorithm>
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
#include "imap/command_timer.h"
#include "imap/lexer.h"
#include "imap/limits.h"
#include "imap/response.h"
#include "imap/transport.h"

namespace imap {

// Fails with kNetwork (connection lost, silent for too long) or ConnectionLost (BYE, the server
// asks to retry later), and with kProtocol; after a failure the connection is unusable.
class Connection : private Source {
 public:
  // `clock` must outlive the connection.
  Connection(std::unique_ptr<Transport> transport, const Limits& limits, const base::Clock& clock);

  struct Tag {
    std::uint64_t number = 0;
    auto operator<=>(const Tag&) const = default;
    std::string text() const;
  };

  // Queues the command after those in progress. It is sent while finish() waits, so all commands
  // started before a finish() are sent together, unless Limits::pipeline is false.
  Tag start(Command command);

  // Sends of the started commands what the transport accepts at once: finish() sends only once it
  // has read everything that arrived, and meanwhile the server may have nothing to do. A failure is
  // left to finish(), which first reads what arrived before it.
  void send_started();

  // Waits until the command is completed. Untagged responses, which may belong to any command in
  // progress or to none, are passed to `take`, and message bodies to `bodies`. Sent bytes, pieces
  // of requested bodies and completed commands renew Limits::command, and so does each MiB of a
  // long response, up to Limits::max_line; `take` calls note_progress() for what it was waiting
  // for.
  using Take = std::function<void(Response&)>;
  StatusResponse finish(Tag tag, const Take& take, BodySink& bodies);
  // The same, until `is_enough` returns true after an untagged response was taken: then the command
  // stays in progress, and the result is nullopt.
  std::optional<StatusResponse> finish_unless(Tag tag, const Take& take, BodySink& bodies,
                                              const std::function<bool()>& is_enough);
  // Whether the next line has arrived. finish_unless() then need not wait for its response, unless
  // that has literals, or the line is a continuation or empty. A line that is too long to be kept
  // counts as well.
  bool has_line();

  // False once the server has refused a command whose literal was sent without a go-ahead: the
  // server may not have read the literal, and may interpret the rest of it as commands. Nothing
  // more is sent then. Commands sent completely before are still answered; start() fails with
  // ConnectionLost.
  bool is_usable() const { return !has_unread_literal_; }

  // Returns true if the command had not been sent completely when the connection became unusable:
  // the server can't have executed it, and finish() must not be called for it.
  bool is_dropped(Tag tag) const { return dropped_.contains(tag.number); }

  // Whether the response that completes the command, or a later one, has arrived and finish() has
  // not returned it yet. Commands that may overtake others don't count.
  bool has_answered_from(Tag tag) const {
    return std::any_of(answered_.lower_bound(tag.number), answered_.end(),
                       [this](const auto& answer) { return !overtaking_.contains(answer.first); });
  }

  // The command may be completed before earlier ones: its responses name what they are about.
  void let_overtake(Tag tag) { overtaking_.insert(tag.number); }

  // Compresses all further traffic, in both directions. Call it between commands, once the server
  // has answered OK to COMPRESS.
  // If no compressed response follows, finish() fails with ConnectionLost, whose command() is
  // COMPRESS.
  void compress();

  // Same as Transport::announced().
  std::vector<std::string> announced() const { return transport_->announced(); }

  // From now on BYE is not a failure.
  void expect_bye() { expects_bye_ = true; }

  // The last response brought something that was requested and not received before.
  void note_progress() { timer_.note_progress(); }

  // Each message of a FETCH must arrive within Limits::message, from one call of expect_message()
  // to the next or to expect_no_message(). Otherwise finish() fails with kMessageTooSlow.
  void expect_message() { timer_.expect_message(); }
  void expect_no_message() { timer_.expect_no_message(); }

 private:
  struct Segment {
    std::uint64_t command = 0;
    std::string owned;
    base::ByteView borrowed;                           // instead of `owned` if not empty
    bool waits = false;                                // for the server's go-ahead
    bool is_non_sync = false;                          // a literal that does not wait (RFC 7888)
    std::shared_ptr<const MessageSource> source = {};  // instead of both if not null
    std::uint64_t begun = 0;  // bytes of `source` that were read to be sent
    bool is_message() const { return source != nullptr || !borrowed.empty(); }
    bool has_more() const { return source != nullptr && begun < source->size(); }
    base::ByteView bytes() const { return borrowed.empty() ? base::as_bytes(owned) : borrowed; }
  };

  struct InProgress {
    std::string verb;
    bool is_pipelined = false;  // it followed another one before that was completed
  };

  std::size_t read(std::span<std::byte> buffer) override;
  void charge(std::size_t length) const;
  void count_received(std::size_t length);
  bool wait_for_server(bool to_send, std::chrono::milliseconds timeout);
  [[noreturn]] void give_up(const CommandTimer::Deadline& deadline) const;
  bool send_some();
  bool can_send() const;
  bool can_send_next_segment() const;
  void gather();
  base::ByteView next_piece(Segment& segment);
  void add_segment(Segment segment);
  Response read_next(BodySink& bodies);
  std::string optional_unanswered() const;
  void go_ahead();
  void complete(StatusResponse status);
  void keep_bytes(std::size_t bytes);
  void send_rest_of(std::uint64_t command);
  void drop_unsent();
  bool wait(bool to_send, const CommandTimer::Deadline& deadline);
  bool read_ahead();
  void note(const StatusResponse& status);

  std::unique_ptr<Transport> transport_;
  Limits limits_;
  Lexer lexer_;
  CommandTimer timer_;
  std::uint64_t last_command_ = 0;
  std::map<std::uint64_t, InProgress> in_progress_;
  std::uint64_t awaited_ = 0;       // the command that finish() waits for
  std::size_t response_bytes_ = 0;  // of the response being read
  std::size_t progress_bytes_ = 0;  // of responses that renewed Limits::command by their length
  std::map<std::uint64_t, StatusResponse> answered_;  // not yet returned by finish()
  std::size_t answered_bytes_ = 0;                    // of those that were not awaited
  std::set<std::uint64_t> overtaking_;                // that finish() has not returned yet
  std::deque<Segment> queue_;
  std::string gathered_;  // small segments, to be sent together
  std::vector<std::pair<std::uint64_t, std::size_t>> gathered_ends_;  // command, offset of its end
  std::set<std::uint64_t> sent_non_sync_;  // commands with a literal sent without waiting
  std::set<std::uint64_t> dropped_;
  bool has_unread_literal_ = false;
  base::Bytes piece_;        // of the first segment's source
  base::ByteView outgoing_;  // part of `gathered_`, `piece_` or the first segment, which don't move
  base::Bytes ahead_;        // received before the lexer asked for it; it reads this next
  bool expects_bye_ = false;
  bool is_compression_unproven_ = false;  // no command was completed since compress()
  std::set<std::string> alerts_;          // logged already
};

}  // namespace imap
