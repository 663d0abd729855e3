// Verifies that the server holds what was sent: every restored message is read back and compared.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "imap/message.h"
#include "store/format/crypto.h"
#include "store/message/message_bytes.h"

namespace restore {

struct MessageReadBack {
  imap::MessageItems items;
  store::Sha256 digest;
  std::uint64_t size = 0;  // bytes of the body
};

// Changes that servers are known to make to a message.
enum class Habit {
  kLineEnds,  // CR CR LF and a bare LF become CRLF: Dovecot
  kNul,       // NUL becomes 0x80: Dovecot
  kHeader,    // bytes of 0x80 and above in the header become X: Cyrus with munge8bit
};
inline const std::vector<Habit> kAllHabits = {Habit::kLineEnds, Habit::kNul, Habit::kHeader};

// Converts messages to the form that a server with these habits would store, whether or not a
// server has changed them already.
class Canonical {
 public:
  explicit Canonical(const std::vector<Habit>& habits = kAllHabits);

  // Converts one piece of a message; some of its bytes may be held back until the next call.
  base::Bytes piece(base::ByteView piece);
  base::Bytes rest();  // the message's last bytes; the next piece begins another message

 private:
  static bool has(const std::vector<Habit>& habits, Habit habit);

  bool line_ends_;
  bool nul_;
  bool header_;
  std::size_t open_crs_ = 0;  // at the end of the last piece
  bool is_in_header_ = true;
  bool is_line_empty_ = true;  // up to here
};

// The digest of the message with all habits applied. Fails with kIo.
store::Sha256 canonical_digest(const store::MessageBytes& message);

enum class DigestOf { kBytes, kCanonical };

// Digests the messages it receives, without keeping them.
class ReadBack : public imap::MessageSink {
 public:
  explicit ReadBack(DigestOf of = DigestOf::kBytes) : of_(of) {}

  void body_piece(base::ByteView piece) override;
  void message(const imap::MessageItems& items, imap::BodyKind body) override;
  void discard() override;

  const std::map<base::Uid, MessageReadBack>& messages() const { return messages_; }

 private:
  DigestOf of_;
  store::Sha256Hash hash_;
  std::uint64_t size_ = 0;
  Canonical canonical_;
  std::map<base::Uid, MessageReadBack> messages_;
};

// Keeps the bytes of one message.
class OneMessage : public imap::MessageSink {
 public:
  // `place` must outlive it.
  explicit OneMessage(const store::SpoolPlace& place) : buffer_(place) {}

  void body_piece(base::ByteView piece) override;
  void message(const imap::MessageItems&, imap::BodyKind) override {}
  void discard() override;

  // Fails with kIo and kNoSpace, which do not end the session.
  store::MessageBytes take();

 private:
  store::MessageBuffer buffer_;
  std::optional<base::Error> failure_;
};

// Describes in words how a server altered a message: known habits by name, else the position of the
// first difference. Empty if there is no difference. Fails with kIo.
std::string describe_alteration(const store::MessageBytes& original,
                                const store::MessageBytes& served);

}  // namespace restore
