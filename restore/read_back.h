// Whether the server holds what it was given: every restored message read back and compared.
#pragma once

#include <map>
#include <string>

#include "base/bytes.h"
#include "imap/message.h"
#include "store/crypto.h"

namespace restore {

struct MessageReadBack {
  imap::MessageItems items;
  store::Sha256 digest;
  std::uint64_t size = 0;  // bytes of the body
};

// What servers are known to make of a message left aside: the digest of its bytes with every line
// end as CRLF and NUL as 0x80.
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
  std::size_t open_crs_ = 0;  // at the end of the last piece, for the canonical form
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
