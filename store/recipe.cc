#include "store/recipe.h"

#include <algorithm>

#include "base/error.h"

namespace store {
namespace {

enum class Tag : std::uint8_t { kInline = 0, kText = 1, kTextLeaf = 2, kBinaryLeaf = 3 };

// Far above any message, and low enough that no sum of lengths overflows.
constexpr std::uint64_t kLargestMessage = std::uint64_t{1} << 48U;

// A part's length and id take this much at least.
constexpr std::size_t kSmallestPart = 1 + ObjectId::kSize;

[[noreturn]] void fail_damaged(const char* cause) {
  base::fail(base::ErrorCode::kDamaged, "read message record: {}", cause);
}

}  // namespace

RecipeWriter::RecipeWriter(std::uint64_t message_size, base::ByteView header) {
  put_number(message_size);
  put_number(header.size());
  record_.insert(record_.end(), header.begin(), header.end());
}

void RecipeWriter::put_number(std::uint64_t number) {
  for (; number >= 0x80; number >>= 7U)
    record_.push_back(static_cast<std::byte>(number & 0x7FU) | std::byte{0x80});
  record_.push_back(static_cast<std::byte>(number));
}

void RecipeWriter::put_part(const PartRef& part) {
  put_number(part.length);
  record_.insert(record_.end(), part.id.bytes.begin(), part.id.bytes.end());
}

void RecipeWriter::add(const InlineText& text) {
  record_.push_back(static_cast<std::byte>(Tag::kInline));
  put_number(text.bytes.size());
  record_.insert(record_.end(), text.bytes.begin(), text.bytes.end());
}

void RecipeWriter::add(const TextPart& text) {
  record_.push_back(static_cast<std::byte>(Tag::kText));
  put_part(text.part);
}

void RecipeWriter::add(const EncodedLeaf& leaf) {
  const Tag tag = leaf.kind == PartKind::kText ? Tag::kTextLeaf : Tag::kBinaryLeaf;
  record_.push_back(static_cast<std::byte>(tag));
  const std::uint64_t crlf = leaf.lines.end == LineEnd::kCrLf ? 1 : 0;
  put_number(leaf.lines.length == 0 ? 0 : leaf.lines.length / 4 * 2 + crlf);
  put_number(leaf.parts.size());
  for (const PartRef& part : leaf.parts) put_part(part);
}

RecipeReader::RecipeReader(base::ByteView record) : rest_(record) {
  message_size_ = take_number();
  if (message_size_ > kLargestMessage) fail_damaged("the message would be too large");
  left_ = message_size_;
  header_ = take_bytes(take_number());
  account_for(header_.size());
}

std::uint64_t RecipeReader::take_number() {
  std::uint64_t number = 0;
  for (unsigned shift = 0; shift < 64; shift += 7) {
    if (rest_.empty()) fail_damaged("it ends within a number");
    const auto byte = std::to_integer<std::uint64_t>(rest_.front());
    rest_ = rest_.subspan(1);
    if (shift == 63 && byte > 1) fail_damaged("a number has more than 64 bits");
    number |= (byte & 0x7FU) << shift;
    if (byte >= 0x80) continue;
    if (byte == 0 && shift > 0) fail_damaged("a number is longer than needed");
    return number;
  }
  fail_damaged("a number has more than 64 bits");
}

base::ByteView RecipeReader::take_bytes(std::uint64_t length) {
  if (length > rest_.size()) fail_damaged("it ends within bytes that it announced");
  const base::ByteView bytes = rest_.first(length);
  rest_ = rest_.subspan(length);
  return bytes;
}

PartRef RecipeReader::take_part() {
  PartRef part;
  part.length = take_number();
  if (part.length == 0) fail_damaged("a part is empty");
  if (part.length > message_size_) fail_damaged("a part is larger than the message");
  std::ranges::copy(take_bytes(ObjectId::kSize), part.id.bytes.begin());
  return part;
}

EncodedLeaf RecipeReader::take_leaf(PartKind kind) {
  EncodedLeaf leaf{.kind = kind, .lines = {}, .parts = {}};
  const std::uint64_t lines = take_number();
  leaf.lines.length = lines / 2 * 4;
  leaf.lines.end = lines % 2 == 1 ? LineEnd::kCrLf : LineEnd::kLf;
  if (lines == 1 || lines > kLargestMessage) fail_damaged("a leaf has impossible lines");
  const std::uint64_t count = take_number();
  if (count == 0) fail_damaged("a leaf has no part");
  if (count > rest_.size() / kSmallestPart) fail_damaged("it ends within the parts of a leaf");
  leaf.parts.reserve(count);
  std::uint64_t decoded = 0;
  for (std::uint64_t i = 0; i < count; ++i) {
    if (decoded % 3 != 0) fail_damaged("a leaf is cut at a place where base64 cannot be joined");
    leaf.parts.push_back(take_part());
    decoded += leaf.parts.back().length;
    if (decoded > message_size_) fail_damaged("a leaf is larger than the message");
  }
  account_for(encoded_size(decoded, leaf.lines));
  return leaf;
}

void RecipeReader::account_for(std::uint64_t length) {
  if (length > left_) fail_damaged("its pieces are longer than the message");
  left_ -= length;
}

std::optional<RecipeItem> RecipeReader::next() {
  if (rest_.empty()) {
    if (left_ != 0) fail_damaged("its pieces are shorter than the message");
    return std::nullopt;
  }
  const auto tag = static_cast<Tag>(rest_.front());
  rest_ = rest_.subspan(1);
  switch (tag) {
    case Tag::kInline: {
      const InlineText text{take_bytes(take_number())};
      if (text.bytes.empty()) fail_damaged("an item is empty");
      account_for(text.bytes.size());
      return text;
    }
    case Tag::kText: {
      const TextPart text{take_part()};
      account_for(text.part.length);
      return text;
    }
    case Tag::kTextLeaf:
      return take_leaf(PartKind::kText);
    case Tag::kBinaryLeaf:
      return take_leaf(PartKind::kBinary);
  }
  fail_damaged("an item is of no known kind");
}

}  // namespace store
