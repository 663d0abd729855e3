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

// Digests what it is handed, without keeping it.
class ReadBack : public imap::MessageSink {
 public:
  void body_piece(base::ByteView piece) override;
  void message(const imap::MessageItems& items, imap::BodyKind body) override;

  const std::map<base::Uid, MessageReadBack>& messages() const { return messages_; }

 private:
  store::Sha256Hash hash_;
  std::uint64_t size_ = 0;
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
