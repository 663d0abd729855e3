// The encoding of a message record: a message's header and the recipe of its body.
//
//   record   = message-size header-length header *item
//   item     = inline / text / base64
//   inline   = %x00 length 1*byte              ; `length` bytes of the message
//   text     = %x01 part                       ; a part of the text stream, unchanged
//   base64   = base64-kind lines count 1*part  ; `count` parts joined, then encoded in base64
//   base64-kind = %x02 / %x03                  ; parts of the text stream / of the binary stream
//   lines    = number                          ; line length / 4 * 2, plus 1 if lines end in CRLF;
//                                              ; 0: everything in one line
//   part     = length id                       ; plain bytes, 1 or more; in base64 all but the last
//                                              ; part have a multiple of 3
//   id       = 32 byte
//   message-size, header-length, length, count = number
//   number   = unsigned LEB128, 64 bits
//
// A base64 body has no line end after its last line: the text after it is in the next item. The
// lengths of header and items, encoded, add up to message-size.
#pragma once

#include <cstdint>
#include <functional>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "store/format/encoding.h"
#include "store/format/object_id.h"
#include "store/message/base64.h"
#include "store/message/split.h"

namespace store {

struct PartRef {
  ObjectId id;
  std::uint64_t length = 0;  // of the part's plain bytes
  bool operator==(const PartRef&) const = default;
};

// A view into the record.
struct InlineText {
  base::ByteView bytes;
};

struct TextPart {
  PartRef part;
};

struct Base64Body {
  PartKind kind = PartKind::kBinary;
  Base64Lines lines;
  std::vector<PartRef> parts;
};

using RecipeItem = std::variant<InlineText, TextPart, Base64Body>;

class RecipeWriter {
 public:
  RecipeWriter(std::uint64_t message_size, base::ByteView header);

  // In the order of the message.
  void add(const InlineText& text);
  void add(const TextPart& text);
  void add(const Base64Body& body);

  base::Bytes take() { return record_.take(); }

 private:
  void put_part(const PartRef& part);

  Encoder record_;
};

// Reads a record from any source: every length is checked before it is used. Every call fails with
// kDamaged if the record is not well-formed.
class RecipeReader {
 public:
  // `record` must outlive the reader.
  explicit RecipeReader(base::ByteView record);

  std::uint64_t message_size() const { return message_size_; }
  base::ByteView header() const { return header_; }

  // Returns whether the recipe is at its end, where the lengths must add up.
  bool ended() const;

  // Only to be called before the end.
  RecipeItem next();

 private:
  PartRef take_part();
  Base64Body take_base64(PartKind kind);
  void account_for(std::uint64_t length);

  Decoder record_;
  std::uint64_t message_size_ = 0;
  std::uint64_t left_ = 0;  // of the message, not yet accounted for
  base::ByteView header_;
};

// Passes the parts that the record names to `take`, in the order of the message; one that occurs
// twice is passed twice. Fails with kDamaged if the record is not well-formed.
void for_each_part(base::ByteView record,
                   const std::function<void(PartKind kind, const PartRef& part)>& take);

}  // namespace store
