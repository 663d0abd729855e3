// What FETCH tells of messages, and what APPEND takes and answers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/uid.h"
#include "base/zoned_time.h"

namespace imap {

// The items of one FETCH answer; what it did not carry is unknown.
struct MessageItems {
  std::optional<base::Uid> uid;
  std::optional<std::vector<std::string>> flags;  // as sent, \Recent aside
  std::optional<std::uint64_t> modseq;
  std::optional<base::ZonedTime> internal_date;  // nothing too if the server sent no valid date
  std::optional<std::uint64_t> size;             // RFC822.SIZE: often wrong
  std::string server_id;                         // EMAILID or X-GM-MSGID; empty: unknown
};

// How the body of a message came.
enum class BodyKind {
  kMissing,  // no body item in the answer
  kNil,      // the item was NIL
  kString,   // a quoted string
  kLiteral,
};

// Takes the messages of one FETCH as they arrive. The pieces of a body come first, then message()
// with what else its answer said; the next piece belongs to the next message. A connection lost in
// between leaves pieces without their message(): discard them.
class MessageSink {
 public:
  MessageSink() = default;
  MessageSink(const MessageSink&) = delete;
  MessageSink& operator=(const MessageSink&) = delete;
  virtual ~MessageSink() = default;

  virtual void body_piece(base::ByteView piece) = 0;
  virtual void message(const MessageItems& items, BodyKind body) = 0;
};

// How a FETCH of messages ended.
struct FetchAnswer {
  bool complete = true;  // false: it was NO or BAD, so some that are there may not have come
  std::string reason;    // its words then, escaped
};

// One message for APPEND. `bytes` must live until the answer is there.
struct AppendMessage {
  std::vector<std::string> flags;  // what the folder keeps; those no command can carry are left out
  base::ZonedTime internal_date;
  base::ByteView bytes;
};

// What became of one APPEND command.
struct AppendAnswer {
  bool accepted = false;
  bool sent = true;                // false: an earlier one was refused, and this one never went out
  std::string reason;              // the server's words if not accepted, escaped
  std::uint32_t uid_validity = 0;  // from APPENDUID (RFC 4315); 0 without it
  std::vector<base::Uid> uids;     // one a message, or none without APPENDUID
};

}  // namespace imap
