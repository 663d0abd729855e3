#include "imap/connection.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/error.h"
#include "base/log.h"
#include "base/terminal.h"
#include "imap/connection_lost.h"
#include "imap/deflate_transport.h"

namespace imap {

namespace {

using base::ErrorCode;

// Segments below this size are put together; larger ones go out from where they are.
constexpr std::size_t kGathered = 64U << 10U;

// In one call of Transport::send(), so that reading gets its turn.
constexpr std::size_t kMaxSend = 1U << 20U;

// What is put aside of what the server says while it is sent what it has refused.
constexpr std::size_t kMaxTimeAhead = 1U << 20U;

constexpr char kTagLetter = 'm';

}  // namespace

std::string Connection::Tag::text() const {
  return kTagLetter + std::to_string(number);
}

Connection::Connection(std::unique_ptr<Transport> transport, const Limits& limits)
    : transport_(std::move(transport)), limits_(limits), lexer_(*this, limits) {}

Connection::Tag Connection::start(Command command) {
  if (!is_usable()) {
    throw ConnectionLost(
        "the server refused a message that it may not have read whole, so the connection is not "
        "used "
        "any longer",
        std::nullopt);
  }
  const Tag tag{++last_command_};
  base::log_debug("imap: {} {}", tag.text(), command.verb());
  std::vector<Command::Part> parts = std::move(command).take_parts();
  parts.front().text.insert(0, tag.text() + ' ');
  for (std::size_t at = 0; at < parts.size(); ++at) {
    Command::Part& part = parts[at];
    add_segment({tag.number, std::move(part.text), {}});
    // The last part has no literal. An empty one has no bytes, but what follows it waits likewise.
    if (at + 1 < parts.size()) {
      add_segment({tag.number, std::move(part.owned), part.borrowed, part.waits, !part.waits});
    }
  }
  return tag;
}

void Connection::compress() {
  const base::Bytes unread = lexer_.take_unread();
  transport_ = deflated(std::move(transport_), unread);
}

void Connection::add_segment(Segment segment) {
  queue_.push_back(std::move(segment));
}

bool Connection::can_send() const {
  return !outgoing_.empty() || (!queue_.empty() && !queue_.front().waits);
}

// Chooses what goes out next.
void Connection::gather() {
  gathered_.clear();
  gathered_ends_.clear();
  while (!queue_.empty() && !queue_.front().waits) {
    const base::ByteView bytes = queue_.front().bytes();
    const bool is_large = bytes.size() >= kGathered;
    if (!gathered_.empty() && (is_large || gathered_.size() + bytes.size() > kGathered)) break;
    if (queue_.front().is_unasked) sent_unasked_.insert(queue_.front().command);
    if (is_large) {
      outgoing_ = bytes;
      break;
    }
    gathered_ += base::as_text(bytes);
    gathered_ends_.emplace_back(queue_.front().command, gathered_.size());
    queue_.pop_front();
  }
  if (!gathered_.empty()) outgoing_ = base::as_bytes(gathered_);
}

// False if nothing could be sent now.
bool Connection::send_some() {
  if (outgoing_.empty()) gather();
  if (outgoing_.empty()) return false;
  const std::size_t taken = transport_->send(outgoing_.first(std::min(outgoing_.size(), kMaxSend)));
  outgoing_ = outgoing_.subspan(taken);
  // A segment that went out from where it is was still in the queue.
  if (taken > 0 && outgoing_.empty() && gathered_.empty()) queue_.pop_front();
  return taken > 0;
}

void Connection::expect_message() {
  deadline_ = std::chrono::steady_clock::now() + limits_.message;
}

// How long to wait for a byte.
std::chrono::milliseconds Connection::patience() const {
  if (!deadline_) return limits_.silence;
  const auto left =
      std::chrono::ceil<std::chrono::milliseconds>(*deadline_ - std::chrono::steady_clock::now());
  if (left.count() <= 0) {
    throw ConnectionLost(
        fmt::format("a message took longer than {} s",
                    std::chrono::ceil<std::chrono::seconds>(limits_.message).count()),
        std::nullopt, ConnectionLost::Cause::kMessageTooSlow);
  }
  return std::min(limits_.silence, left);
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
    const std::chrono::milliseconds patience = this->patience();
    if (const std::size_t length = transport_->receive(buffer); length > 0) return length;
    if (can_send() && send_some()) continue;
    if (!transport_->wait(can_send(), patience) && patience == limits_.silence) {
      base::fail(ErrorCode::kNetwork, "the server was silent for {} s: try again later",
                 std::chrono::duration_cast<std::chrono::seconds>(limits_.silence).count());
    }
  }
}

void Connection::go_ahead() {
  if (outgoing_.empty() && !queue_.empty() && queue_.front().waits) queue_.front().waits = false;
}

// Refused while its literal is under way: the server reads the rest all the same, and the caller
// lets go of the bytes when it hears of the answer.
void Connection::send_rest_of(std::uint64_t command) {
  const auto is_under_way = [&] {
    return std::any_of(queue_.begin(), queue_.end(), [&](const Segment& segment) {
      return segment.command == command && !segment.borrowed.empty();
    });
  };
  while (is_under_way() && can_send()) {
    if (send_some() || read_ahead() || transport_->wait(true, limits_.silence)) continue;
    base::fail(ErrorCode::kNetwork, "the server takes no more of what it refused: try again");
  }
}

// The server may take nothing while what it says is not read. False if it says nothing.
bool Connection::read_ahead() {
  constexpr std::size_t kPiece = 64U << 10U;
  const std::size_t size = ahead_.size();
  if (size >= kMaxTimeAhead) {
    base::fail(ErrorCode::kNetwork, "the server talks on, and takes no more of what it refused");
  }
  ahead_.resize(size + kPiece);
  const std::size_t length = transport_->receive(std::span(ahead_).subspan(size));
  ahead_.resize(size + length);
  return length > 0;
}

void Connection::complete(StatusResponse status) {
  std::uint64_t number = 0;
  const char* const end = status.tag.data() + status.tag.size();
  const auto [stop, error] = std::from_chars(status.tag.data() + 1, end, number);
  if (status.tag.front() != kTagLetter || error != std::errc() || stop != end || number == 0 ||
      number > last_command_ || answered_.contains(number)) {
    lexer_.fail_protocol("an answer to a command that was not given");
  }
  // Refused before its literal was sent: the rest of the command must not go out any more.
  if (outgoing_.empty() && !queue_.empty() && queue_.front().waits &&
      queue_.front().command == number) {
    while (!queue_.empty() && queue_.front().command == number) queue_.pop_front();
  }
  const bool is_refused = status.condition != Condition::kOk;
  if (sent_unasked_.erase(number) != 0 && is_refused) drop_unsent();
  dropped_.erase(number);
  send_rest_of(number);
  answered_.emplace(number, std::move(status));
}

// A server that did not read a literal takes what follows for commands, mail included: so nothing
// follows.
void Connection::drop_unsent() {
  has_unread_literal_ = true;
  const std::size_t sent = gathered_.size() - (gathered_.empty() ? 0 : outgoing_.size());
  for (const auto& [command, end] : gathered_ends_) {
    if (end > sent) dropped_.insert(command);
  }
  for (const Segment& segment : queue_) dropped_.insert(segment.command);
  outgoing_ = {};
  gathered_.clear();
  gathered_ends_.clear();
  queue_.clear();
}

void Connection::note(const StatusResponse& status) {
  const std::string words = base::escape_for_terminal(status.text);
  const auto pause = suggested_pause(status.text);
  if (status.condition == Condition::kBye && !expects_bye_) {
    throw ConnectionLost("the server closed the connection: " + words, pause);
  }
  // Whatever the command was about, nothing is wrong with that.
  const bool is_refusal = status.condition == Condition::kNo || status.condition == Condition::kBad;
  if (is_refusal && pause) throw ConnectionLost("the server asks to wait: " + words, pause);
  if (status.code.is("ALERT")) base::log_warning("the server says: {}", words);
}

StatusResponse Connection::finish(Tag tag, const Take& take, BodySink& bodies) {
  for (;;) {
    if (auto answer = answered_.extract(tag.number)) return std::move(answer.mapped());
    Response response = read_response(lexer_, bodies);
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
    take(response);
  }
}

}  // namespace imap
