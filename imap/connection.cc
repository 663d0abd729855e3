#include "imap/connection.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/error.h"
#include "base/log.h"
#include "base/terminal.h"
#include "imap/connection_lost.h"
#include "imap/deflate_transport.h"
#include "imap/wait_budget.h"

namespace imap {

namespace {

using base::ErrorCode;

// Segments below this size are copied together, up to this size; larger ones are sent in place.
constexpr std::size_t kMaxGathered = 64U << 10U;

// The limit of one Transport::send(), so that reading is not starved.
constexpr std::size_t kMaxSend = 1U << 20U;

// The limit of server output that is received before the lexer asks for it: while a literal is sent
// that the server has refused, and while a line is incomplete.
constexpr std::size_t kMaxReadAhead = 1U << 20U;

// A response renews Limits::command each time it has grown by this much: more than the lexer reads
// ahead, so that many small responses don't count.
constexpr std::size_t kProgressStep = 1U << 20U;

// Different alerts that are logged for each connection.
constexpr std::size_t kMaxAlerts = 100;

constexpr char kTagLetter = 'm';

// Bodies that the caller wants are progress; the caller's time for them does not count.
class TimedBodies : public BodySink {
 public:
  TimedBodies(BodySink& bodies, CommandTimer& timer, WaitBudget* waits)
      : bodies_(bodies), timer_(timer), waits_(waits) {}

  bool wants_body(std::optional<base::Uid> uid) override {
    has_uid_ = uid.has_value();
    return bodies_.wants_body(uid);
  }

  void body_size(std::uint64_t size) override { bodies_.body_size(size); }

  void body_piece(base::ByteView piece) override {
    timer_.note_progress();
    // A body without a UID may turn out to be of no message, again and again.
    if (waits_ != nullptr && has_uid_) waits_->bytes_wanted(piece.size());
    timer_.exclude([&] { bodies_.body_piece(piece); });
  }

 private:
  BodySink& bodies_;
  CommandTimer& timer_;
  WaitBudget* waits_;  // nullptr: no budget
  bool has_uid_ = false;
};

}  // namespace

std::string Connection::Tag::text() const {
  return kTagLetter + std::to_string(number);
}

Connection::Connection(std::unique_ptr<Transport> transport, const Limits& limits,
                       const base::Clock& clock)
    : transport_(std::move(transport)),
      limits_(limits),
      lexer_(*this, limits),
      timer_(limits, clock) {}

Connection::Tag Connection::start(Command command) {
  if (!is_usable()) {
    throw ConnectionLost(
        "the server refused a message that it may not have read completely, so the connection is "
        "no longer used",
        std::nullopt);
  }
  const Tag tag{++last_command_};
  base::log_debug("imap: {} {}", tag.text(), command.verb());
  in_progress_.emplace(tag.number, InProgress{command.verb(), !in_progress_.empty()});
  std::vector<Command::Part> parts = std::move(command).take_parts();
  parts.front().text.insert(0, tag.text() + ' ');
  for (std::size_t at = 0; at < parts.size(); ++at) {
    Command::Part& part = parts[at];
    add_segment({tag.number, std::move(part.text), {}});
    // The last part has no literal. An empty literal has no bytes, but what follows it has to wait,
    // too.
    if (at + 1 < parts.size()) {
      add_segment({tag.number, std::move(part.owned), part.borrowed, part.waits, !part.waits,
                   std::move(part.source)});
    }
  }
  return tag;
}

void Connection::compress() {
  const base::Bytes unread = lexer_.take_unread();
  transport_ = deflated(std::move(transport_), unread);
  is_compression_unproven_ = true;
}

void Connection::add_segment(Segment segment) {
  queue_.push_back(std::move(segment));
}

bool Connection::can_send() const {
  return !outgoing_.empty() || can_send_next_segment();
}

bool Connection::can_send_next_segment() const {
  if (queue_.empty() || queue_.front().waits) return false;
  return limits_.pipeline || in_progress_.empty() ||
         queue_.front().command <= in_progress_.begin()->first;
}

// Selects the bytes to send next.
void Connection::gather() {
  gathered_.clear();
  gathered_ends_.clear();
  while (can_send_next_segment()) {
    Segment& first = queue_.front();
    const base::ByteView bytes = first.bytes();
    const bool is_large = first.has_more() || bytes.size() >= kMaxGathered;
    if (!gathered_.empty() && (is_large || gathered_.size() + bytes.size() > kMaxGathered)) break;
    if (first.is_non_sync && first.begun == 0) sent_non_sync_.insert(first.command);
    if (is_large) {
      outgoing_ = first.has_more() ? next_piece(first) : bytes;
      break;
    }
    gathered_ += base::as_text(bytes);
    gathered_ends_.emplace_back(queue_.front().command, gathered_.size());
    queue_.pop_front();
  }
  if (!gathered_.empty()) outgoing_ = base::as_bytes(gathered_);
}

base::ByteView Connection::next_piece(Segment& segment) {
  piece_.resize(static_cast<std::size_t>(
      std::min<std::uint64_t>(kMaxSend, segment.source->size() - segment.begun)));
  segment.source->read(segment.begun, piece_);
  segment.begun += piece_.size();
  return piece_;
}

// Returns false if nothing could be sent now.
bool Connection::send_some() {
  if (outgoing_.empty()) gather();
  if (outgoing_.empty()) return false;
  const std::size_t taken = transport_->send(outgoing_.first(std::min(outgoing_.size(), kMaxSend)));
  outgoing_ = outgoing_.subspan(taken);
  if (taken > 0) timer_.note_progress();
  // A segment sent in place is still in the queue.
  if (taken > 0 && outgoing_.empty() && gathered_.empty() && !queue_.front().has_more()) {
    queue_.pop_front();
    piece_ = {};
  }
  return taken > 0;
}

void Connection::send_started() {
  try {
    while (can_send() && send_some()) {
    }
  } catch (const base::Error& error) {
    base::log_debug("imap: sending early failed: {}", error.what());
  }
}

void Connection::give_up(const CommandTimer::Deadline& deadline) const {
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(deadline.limit).count();
  if (deadline.kind == CommandTimer::Kind::kMessage) {
    throw ConnectionLost(fmt::format("{} {} s", kMessageTookTooLong, seconds), std::nullopt,
                         ConnectionLost::Cause::kMessageTooSlow);
  }
  const auto awaited = in_progress_.find(awaited_);
  // The first one that is not answered: without pipelining the others have not been sent.
  const std::string unanswered = in_progress_.empty() ? "" : in_progress_.begin()->second.verb;
  const std::string verb = !limits_.pipeline               ? unanswered
                           : awaited == in_progress_.end() ? ""
                                                           : awaited->second.verb;
  std::string why =
      deadline.kind == CommandTimer::Kind::kSilence
          ? fmt::format("the server was silent for {} s after {}: try again later", seconds, verb)
          : fmt::format(
                "for {} s the server sent nothing that {} requested: try again later, or "
                "set a longer command_timeout",
                seconds, verb);
  // A server that drops early commands has answered the first one.
  const bool is_pipelined =
      limits_.pipeline &&
      (in_progress_.size() > 1 || (awaited != in_progress_.end() && awaited->second.is_pipelined));
  if (is_pipelined) {
    why +=
        "; if it can't take a command before it has completed the last one, set \"pipeline\": "
        "false";
  }
  throw ConnectionLost(
      why, std::nullopt,
      is_pipelined ? ConnectionLost::Cause::kPipelinedSilence : ConnectionLost::Cause::kSilence,
      is_compression_unproven_ ? "COMPRESS" : unanswered);
}

// As Transport::wait(), within the account's budget. May return true before the time is over.
bool Connection::wait_for_server(bool to_send, std::chrono::milliseconds timeout) {
  WaitBudget* const budget = limits_.waits.get();
  if (budget == nullptr) return transport_->wait(to_send, timeout);
  const std::chrono::milliseconds left = std::max(budget->left(), std::chrono::milliseconds(1));
  const std::chrono::milliseconds longest = std::min(timeout, left);
  bool is_ready = false;
  {
    const WaitBudget::Waiting waiting(*budget, longest);
    is_ready = transport_->wait(to_send, longest);
  }
  if (budget->left().count() > 0) return is_ready || left < timeout;
  throw ConnectionLost(
      fmt::format(
          "the server kept the backup waiting for {} s in which too little arrived: the next "
          "backup continues where this one ended; if the server is always as slow, set a longer "
          "account_timeout",
          std::chrono::ceil<std::chrono::seconds>(budget->whole()).count()),
      std::nullopt, ConnectionLost::Cause::kAccountTooSlow);
}

// A server that keeps sending never makes us wait: its bytes count against the account's budget.
void Connection::charge(std::size_t length) const {
  WaitBudget* const budget = limits_.waits.get();
  if (budget == nullptr) return;
  budget->bytes_arrived(length);
  if (!budget->is_flooded()) return;
  throw ConnectionLost(
      fmt::format(
          "the server sent {} without anything that the backup requested: the next backup "
          "continues where this one ended; if the server has a reason to send so much, set a "
          "longer account_timeout",
          base::format_size(budget->whole_bytes())),
      std::nullopt, ConnectionLost::Cause::kAccountTooSlow);
}

void Connection::count_received(std::size_t length) {
  timer_.note_byte();
  charge(length);
  response_bytes_ += length;
  if (response_bytes_ < kProgressStep || progress_bytes_ >= limits_.max_line) return;
  progress_bytes_ += std::exchange(response_bytes_, 0);
  timer_.note_progress();
}

std::size_t Connection::read(std::span<std::byte> buffer) {
  if (!ahead_.empty()) {
    const std::size_t length = std::min(buffer.size(), ahead_.size());
    const auto end = ahead_.begin() + static_cast<std::ptrdiff_t>(length);
    std::copy(ahead_.begin(), end, buffer.begin());
    ahead_.erase(ahead_.begin(), end);
    return length;
  }
  for (;;) {
    timer_.note_look();
    const CommandTimer::Deadline deadline = timer_.next();
    if (deadline.left.count() <= 0) give_up(deadline);
    if (const std::size_t length = transport_->receive(buffer); length > 0) {
      count_received(length);
      return length;
    }
    if (can_send() && send_some()) continue;
    if (!wait(can_send(), deadline)) give_up(deadline);
  }
}

// Returns false at the deadline.
bool Connection::wait(bool to_send, const CommandTimer::Deadline& deadline) {
  timer_.note_wait(deadline.left);
  const bool is_ready = wait_for_server(to_send, deadline.left);
  return timer_.note_look() || is_ready;
}

void Connection::go_ahead() {
  if (outgoing_.empty() && !queue_.empty() && queue_.front().waits) queue_.front().waits = false;
}

// The command was refused while its literal was being sent: the server still reads the rest, and
// the caller frees the bytes once finish() returns.
void Connection::send_rest_of(std::uint64_t command) {
  const auto is_being_sent = [&] {
    return std::any_of(queue_.begin(), queue_.end(), [&](const Segment& segment) {
      return segment.command == command && segment.is_message();
    });
  };
  while (is_being_sent() && can_send()) {
    timer_.note_look();
    const CommandTimer::Deadline deadline = timer_.next();
    if (deadline.left.count() <= 0) give_up(deadline);
    if (send_some() || read_ahead() || wait(true, deadline)) continue;
    base::fail(ErrorCode::kNetwork, "the server stopped reading the literal it refused: try again");
  }
}

bool Connection::has_line() {
  if (lexer_.has_unread_line()) return true;
  for (std::size_t searched = 0; searched < kMaxReadAhead;) {
    const auto begin = ahead_.begin() + static_cast<std::ptrdiff_t>(searched);
    if (std::find(begin, ahead_.end(), std::byte{'\n'}) != ahead_.end()) return true;
    searched = ahead_.size();
    if (searched < kMaxReadAhead && !read_ahead()) return false;
  }
  return true;
}

// The server may stop reading until its output has been read. Returns false if there was no output.
bool Connection::read_ahead() {
  constexpr std::size_t kPiece = 64U << 10U;
  const std::size_t size = ahead_.size();
  if (size >= kMaxReadAhead) {
    base::fail(ErrorCode::kNetwork,
               "the server keeps sending responses but no longer reads the literal it refused");
  }
  ahead_.resize(size + kPiece);
  const std::size_t length = transport_->receive(std::span(ahead_).subspan(size));
  ahead_.resize(size + length);
  if (length > 0) {
    timer_.note_byte();
    charge(length);
  }
  return length > 0;
}

void Connection::complete(StatusResponse status) {
  std::uint64_t number = 0;
  const char* const end = status.tag.data() + status.tag.size();
  const auto [stop, error] = std::from_chars(status.tag.data() + 1, end, number);
  if (status.tag.front() != kTagLetter || error != std::errc() || stop != end || number == 0 ||
      number > last_command_ || answered_.contains(number)) {
    lexer_.fail_protocol("a response to a command that was not sent");
  }
  // The command was refused before its literal was sent: the rest of it must not be sent.
  if (outgoing_.empty() && !queue_.empty() && queue_.front().waits &&
      queue_.front().command == number) {
    while (!queue_.empty() && queue_.front().command == number) queue_.pop_front();
  }
  if (const auto command = in_progress_.find(number); command != in_progress_.end()) {
    status.command = command->second.verb;
  }
  const bool is_refused = status.condition != Condition::kOk;
  if (sent_non_sync_.erase(number) != 0 && is_refused) drop_unsent();
  dropped_.erase(number);
  send_rest_of(number);
  in_progress_.erase(number);
  timer_.note_progress();
  is_compression_unproven_ = false;
  if (number != awaited_) keep_bytes(status.text.size() + status.code.arguments.size());
  answered_.emplace(number, std::move(status));
}

// A server may answer a hundred thousand commands, each with a long text, before the awaited one.
void Connection::keep_bytes(std::size_t bytes) {
  answered_bytes_ += bytes;
  if (answered_bytes_ > limits_.max_kept)
    lexer_.fail_protocol("too much before the answer awaited");
}

// A server that did not read a literal interprets what follows, including mail, as commands: so
// nothing more is sent.
void Connection::drop_unsent() {
  has_unread_literal_ = true;
  const std::size_t sent = gathered_.size() - (gathered_.empty() ? 0 : outgoing_.size());
  for (const auto& [command, end] : gathered_ends_) {
    if (end > sent) dropped_.insert(command);
  }
  for (const Segment& segment : queue_) dropped_.insert(segment.command);
  for (const std::uint64_t command : dropped_) in_progress_.erase(command);
  outgoing_ = {};
  gathered_.clear();
  gathered_ends_.clear();
  queue_.clear();
}

void Connection::note(const StatusResponse& status) {
  const std::string words = base::escape_for_terminal(status.text);
  const auto pause = suggested_pause(status.text);
  if (status.condition == Condition::kBye && !expects_bye_) {
    throw ConnectionLost("the server closed the connection: " + words, pause,
                         ConnectionLost::Cause::kAny, optional_unanswered());
  }
  // The refusal is unrelated to the command itself.
  const bool is_refusal = status.condition == Condition::kNo || status.condition == Condition::kBad;
  if (is_refusal && pause) throw ConnectionLost("the server asks to wait: " + words, pause);
  const bool is_alert = status.code.is("ALERT") && alerts_.size() < kMaxAlerts;
  if (is_alert && alerts_.insert(words).second) {
    base::log_warning("alert from the server: {}", words);
  }
}

// A server may accept COMPRESS and go on without it, send anything, or hang up because it does not
// understand what it gets. Some break the connection over a command that they announced.
Response Connection::read_next(BodySink& bodies) {
  try {
    return read_response(lexer_, bodies);
  } catch (const base::Error& error) {
    const auto* const lost = dynamic_cast<const ConnectionLost*>(&error);
    const bool has_other_cause =
        lost != nullptr && (lost->pause() || lost->cause() != ConnectionLost::Cause::kAny);
    if (has_other_cause || !base::is_connection_trouble(error.code())) throw;
    if (is_compression_unproven_) {
      throw ConnectionLost(fmt::format("after COMPRESS: {}", error.what()), std::nullopt,
                           ConnectionLost::Cause::kAny, "COMPRESS");
    }
    const std::string command = optional_unanswered();
    if (command.empty()) throw;
    throw ConnectionLost(error.what(), std::nullopt, ConnectionLost::Cause::kAny, command,
                         error.code());
  }
}

// The first command without an answer, if it is an optional one; else empty.
std::string Connection::optional_unanswered() const {
  if (in_progress_.empty() || !is_optional(in_progress_.begin()->second.verb)) return "";
  return in_progress_.begin()->second.verb;
}

StatusResponse Connection::finish(Tag tag, const Take& take, BodySink& bodies) {
  return finish_unless(tag, take, bodies, [] { return false; }).value();
}

std::optional<StatusResponse> Connection::finish_unless(Tag tag, const Take& take, BodySink& bodies,
                                                        const std::function<bool()>& is_enough) {
  awaited_ = tag.number;
  progress_bytes_ = 0;
  timer_.note_progress();
  TimedBodies timed(bodies, timer_, limits_.waits.get());
  for (;;) {
    if (auto answer = answered_.extract(tag.number)) {
      if (answered_.empty()) answered_bytes_ = 0;
      overtaking_.erase(tag.number);
      return std::move(answer.mapped());
    }
    response_bytes_ = 0;
    Response response = read_next(timed);
    if (std::holds_alternative<Continuation>(response)) {
      go_ahead();
      continue;
    }
    if (auto* const status = std::get_if<StatusResponse>(&response)) {
      note(*status);
      if (!status->tag.empty()) {
        complete(std::move(*status));
        continue;
      }
    }
    timer_.exclude([&] { take(response); });
    if (is_enough()) return std::nullopt;
  }
}

}  // namespace imap
