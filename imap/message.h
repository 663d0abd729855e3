// The data of messages in FETCH responses, and the input and result of APPEND.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/mail/uid.h"
#include "base/mail/zoned_time.h"

namespace imap {

// The items of one FETCH response; items not in the response are unknown.
struct MessageItems {
  std::optional<base::Uid> uid;
  std::optional<std::vector<std::string>> flags;  // as sent, without \Recent
  std::optional<std::uint64_t> modseq;
  std::optional<base::ZonedTime> internal_date;  // also nullopt if it was not understood
  std::optional<std::uint64_t> size;             // RFC822.SIZE: often wrong
  std::string server_id;                         // EMAILID or X-GM-MSGID; empty: unknown
  std::optional<std::string> folder;             // X-MAILBOX: the raw name of its folder
};

// The memory that the strings take, in bytes: a server can send 64 MB of flags for one message.
inline std::size_t memory_of(const MessageItems& items) {
  constexpr std::size_t kOverhead = 64;
  std::size_t bytes = items.server_id.size() + (items.folder ? items.folder->size() : 0);
  if (!items.flags) return bytes;
  for (const std::string& flag : *items.flags) bytes += flag.size() + kOverhead;
  return bytes;
}

// The form in which the body of a message was sent.
enum class BodyKind {
  kMissing,  // no body item in the response
  kNil,      // the item was NIL
  kString,   // a quoted string
  kLiteral,
};

// Receives the messages of one FETCH as they arrive. The pieces of a body come first, then
// message() with the other items of the response; the next piece belongs to the next message. If
// the connection is lost in between, pieces were delivered without their message(): discard them.
class MessageSink {
 public:
  MessageSink() = default;
  MessageSink(const MessageSink&) = delete;
  MessageSink& operator=(const MessageSink&) = delete;
  virtual ~MessageSink() = default;

  // The length of a literal, as announced by the server, before its first piece: the time to refuse
  // it by an exception, which ends the session. `uid`: nullopt if the server sends it only later.
  virtual void body_size(std::optional<base::Uid> /*uid*/, std::uint64_t /*size*/) {}

  virtual void body_piece(base::ByteView piece) = 0;
  virtual void message(const MessageItems& items, BodyKind body) = 0;
  // The pieces since the last message() belong to no known message.
  virtual void discard() = 0;
};

// The result of a FETCH of messages.
struct FetchAnswer {
  bool complete = true;  // false: NO or BAD, so existing messages may be missing
  std::string reason;    // in that case the command and the server's text, escaped
};

// The bytes of a message that is not in memory.
class MessageSource {
 public:
  MessageSource() = default;
  MessageSource(const MessageSource&) = delete;
  MessageSource& operator=(const MessageSource&) = delete;
  virtual ~MessageSource() = default;

  virtual std::uint64_t size() const = 0;

  // Fills `out` with the bytes from `offset` on: never beyond the end. A failure ends the session.
  virtual void read(std::uint64_t offset, std::span<std::byte> out) const = 0;
};

// One message for APPEND. `bytes` must stay valid until the response arrives.
struct AppendMessage {
  // Flags that the folder keeps; those that no command can carry are omitted.
  std::vector<std::string> flags;
  std::optional<base::ZonedTime> internal_date;  // nullopt: the server chooses one
  base::ByteView bytes;
  std::shared_ptr<const MessageSource> source = {};  // instead of `bytes` if not null

  std::uint64_t size() const { return source ? source->size() : bytes.size(); }
};

// The result of one APPEND command.
struct AppendAnswer {
  bool accepted = false;
  bool sent = true;                // false: an earlier one was refused, this one was not sent
  std::string reason;              // if not accepted: the command and the server's text, escaped
  std::uint32_t uid_validity = 0;  // from APPENDUID (RFC 4315); 0 without it
  std::vector<base::Uid> uids;     // one for each message; empty without APPENDUID
};

}  // namespace imap
