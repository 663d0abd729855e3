#include "store/message/recipe.h"

namespace store {
namespace {

enum class Tag : std::uint8_t { kInline = 0, kText = 1, kBase64Text = 2, kBase64Binary = 3 };

// Far above any message, yet low enough that no sum of lengths overflows.
constexpr std::uint64_t kMaxMessage = std::uint64_t{1} << 48U;

// The least that a part's length and id take.
constexpr std::size_t kMinPart = 1 + ObjectId::kSize;

}  // namespace

RecipeWriter::RecipeWriter(std::uint64_t message_size, base::ByteView header) {
  record_.varint(message_size);
  record_.varint(header.size());
  record_.raw(header);
}

void RecipeWriter::put_part(const PartRef& part) {
  record_.varint(part.length);
  record_.id(part.id);
}

void RecipeWriter::add(const InlineText& text) {
  record_.u8(static_cast<std::uint8_t>(Tag::kInline));
  record_.varint(text.bytes.size());
  record_.raw(text.bytes);
}

void RecipeWriter::add(const TextPart& text) {
  record_.u8(static_cast<std::uint8_t>(Tag::kText));
  put_part(text.part);
}

void RecipeWriter::add(const Base64Body& body) {
  const Tag tag = body.kind == PartKind::kText ? Tag::kBase64Text : Tag::kBase64Binary;
  record_.u8(static_cast<std::uint8_t>(tag));
  const std::uint64_t crlf = body.lines.end == LineEnd::kCrLf ? 1 : 0;
  record_.varint(body.lines.length == 0 ? 0 : body.lines.length / 4 * 2 + crlf);
  record_.varint(body.parts.size());
  for (const PartRef& part : body.parts) put_part(part);
}

RecipeReader::RecipeReader(base::ByteView record)
    : record_(record, "message record"),
      message_size_(record_.varint(kMaxMessage)),
      left_(message_size_),
      header_(record_.raw(record_.varint())) {
  account_for(header_.size());
}

PartRef RecipeReader::take_part() {
  PartRef part;
  part.length = record_.varint(message_size_);
  if (part.length == 0) record_.malformed("a part is empty");
  part.id = record_.id();
  return part;
}

Base64Body RecipeReader::take_base64(PartKind kind) {
  Base64Body body{.kind = kind, .lines = {}, .parts = {}};
  const std::uint64_t lines = record_.varint(kMaxMessage);
  body.lines.length = lines / 2 * 4;
  body.lines.end = lines % 2 == 1 ? LineEnd::kCrLf : LineEnd::kLf;
  if (lines == 1) record_.malformed("a base64 body has an invalid line length");
  const std::size_t count = record_.count(kMinPart);
  if (count == 0) record_.malformed("a base64 body has no part");
  body.parts.reserve(count);
  std::uint64_t decoded = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (decoded % 3 != 0)
      record_.malformed("a base64 body is divided where base64 cannot be joined");
    body.parts.push_back(take_part());
    decoded += body.parts.back().length;
    if (decoded > message_size_) record_.malformed("a base64 body is longer than the message");
  }
  account_for(encoded_size(decoded, body.lines));
  return body;
}

void RecipeReader::account_for(std::uint64_t length) {
  if (length > left_) record_.malformed("its pieces are longer than the message");
  left_ -= length;
}

bool RecipeReader::ended() const {
  if (record_.remaining() > 0) return false;
  if (left_ != 0) record_.malformed("its pieces are shorter than the message");
  return true;
}

RecipeItem RecipeReader::next() {
  switch (static_cast<Tag>(record_.u8())) {
    case Tag::kInline: {
      const InlineText text{record_.raw(record_.varint())};
      if (text.bytes.empty()) record_.malformed("an item is empty");
      account_for(text.bytes.size());
      return text;
    }
    case Tag::kText: {
      const TextPart text{take_part()};
      account_for(text.part.length);
      return text;
    }
    case Tag::kBase64Text:
      return take_base64(PartKind::kText);
    case Tag::kBase64Binary:
      return take_base64(PartKind::kBinary);
  }
  record_.malformed("an item is of an unknown kind");
}

void for_each_part(base::ByteView record,
                   const std::function<void(PartKind kind, const PartRef& part)>& take) {
  RecipeReader recipe(record);
  while (!recipe.ended()) {
    const RecipeItem item = recipe.next();
    if (const auto* text = std::get_if<TextPart>(&item)) take(PartKind::kText, text->part);
    if (const auto* body = std::get_if<Base64Body>(&item)) {
      for (const PartRef& part : body->parts) take(body->kind, part);
    }
  }
}

}  // namespace store
