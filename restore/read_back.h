// Whether the server holds what it was given: every restored message read back and compared.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "imap/message.h"
#include "store/format/crypto.h"

namespace restore {

struct MessageReadBack {
  imap::MessageItems items;
  store::Sha256 digest;
  std::uint64_t size = 0;  // bytes of the body
};

// What servers are known to make of a message.
enum class Habit {
  kLineEnds,  // every one becomes CRLF: Dovecot, of CR CR LF and of a bare LF
  kNul,       // becomes 0x80: Dovecot
  kHeader,    // its bytes of 0x80 and above become X: Cyrus with munge8bit
};
inline const std::vector<Habit> kAllHabits = {Habit::kLineEnds, Habit::kNul, Habit::kHeader};

// Messages as a server with these habits would have them, whether or not they were there already.
class Canonical {
 public:
  explicit Canonical(const std::vector<Habit>& habits = kAllHabits);

  // A piece of a message, which may come a piece later.
  base::Bytes piece(base::ByteView piece);
  base::Bytes rest();  // the message's last bytes; the next piece is another's

 private:
  static bool has(const std::vector<Habit>& habits, Habit habit);

  bool line_ends_;
  bool nul_;
  bool header_;
  std::size_t open_crs_ = 0;  // at the end of the last piece
  bool is_in_header_ = true;
  bool is_line_empty_ = true;  // up to here
};

// Of the message as all habits make it.
store::Sha256 canonical_digest(base::ByteView message);

enum class DigestOf { kBytes, kCanonical };

// Digests what it is handed, without keeping it.
class ReadBack : public imap::MessageSink {
 public:
  explicit ReadBack(DigestOf of = DigestOf::kBytes) : of_(of) {}

  void body_piece(base::ByteView piece) override;
  void message(const imap::MessageItems& items, imap::BodyKind body) override;

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
  void body_piece(base::ByteView piece) override;
  void message(const imap::MessageItems&, imap::BodyKind) override {}
  const base::Bytes& bytes() const { return bytes_; }

 private:
  base::Bytes bytes_;
};

// In words, what a server made of a message: known habits by name, else where the first difference
// is. Empty if there is none.
std::string describe_alteration(base::ByteView original, base::ByteView served);

}  // namespace restore
