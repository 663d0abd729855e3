#include "store/message/recipe.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/expect_error.h"

namespace {

using store::Base64Body;
using store::Base64Lines;
using store::InlineText;
using store::LineEnd;
using store::ObjectId;
using store::PartKind;
using store::PartRef;
using store::RecipeItem;
using store::RecipeReader;
using store::RecipeWriter;
using store::TextPart;

ObjectId id(unsigned char first) {
  ObjectId id;
  id.bytes.front() = std::byte{first};
  return id;
}

base::Bytes record_of(std::uint64_t message_size, std::string_view header,
                      const std::vector<RecipeItem>& items) {
  RecipeWriter writer(message_size, base::as_bytes(header));
  for (const RecipeItem& item : items)
    std::visit([&](const auto& what) { writer.add(what); }, item);
  return writer.take();
}

std::vector<RecipeItem> read(base::ByteView record) {
  RecipeReader reader(record);
  std::vector<RecipeItem> items;
  while (!reader.ended()) items.push_back(reader.next());
  return items;
}

Base64Body base64(Base64Lines lines, std::vector<PartRef> parts) {
  return {.kind = PartKind::kBinary, .lines = lines, .parts = std::move(parts)};
}

InlineText text(std::string_view text) {
  return {base::as_bytes(text)};
}

TEST(Recipe, RoundTrips) {
  const Base64Lines lines{.length = 76, .end = LineEnd::kCrLf};
  Base64Body decoded_text = base64({}, {{id(4), 5}});
  decoded_text.kind = PartKind::kText;
  const base::Bytes record = record_of(4 + 3 + 1'000 + (400 + 5 * 2) + 8, "A:b\n",
                                       {text("one"), TextPart{{id(1), 1'000}},
                                        base64(lines, {{id(2), 297}, {id(3), 2}}), decoded_text});
  EXPECT_EQ(base::as_text(RecipeReader(record).header()), "A:b\n");
  EXPECT_EQ(RecipeReader(record).message_size(), 1'425U);
  const std::vector<RecipeItem> items = read(record);
  ASSERT_EQ(items.size(), 4U);
  EXPECT_EQ(base::as_text(std::get<InlineText>(items[0]).bytes), "one");
  EXPECT_EQ(std::get<TextPart>(items[1]).part, (PartRef{id(1), 1'000}));
  const auto& binary = std::get<Base64Body>(items[2]);
  EXPECT_EQ(binary.kind, PartKind::kBinary);
  EXPECT_EQ(binary.lines, lines);
  EXPECT_EQ(binary.parts, (std::vector<PartRef>{{id(2), 297}, {id(3), 2}}));
  EXPECT_EQ(std::get<Base64Body>(items[3]).kind, PartKind::kText);
  EXPECT_EQ(std::get<Base64Body>(items[3]).lines, Base64Lines{});
}

// A change of the format would make old stores unreadable, so this test must detect it.
TEST(Recipe, IsEncodedAsSpecified) {
  const base::Bytes record =
      record_of(3 + 2 + 130 + 4, "A\n\n",
                {text("hi"), TextPart{{id(1), 130}},
                 base64({.length = 4, .end = LineEnd::kCrLf}, {{id(2), 3}})});
  const std::string rest_of_id(62, '0');
  EXPECT_EQ(base::to_hex(record),
            "8b01"
            "03"
            "410a0a"
            "00"
            "02"
            "6869"
            "01"
            "8201"
            "01" +
                rest_of_id +
                "03"
                "03"
                "01"
                "03"
                "02" +
                rest_of_id);
}

TEST(Recipe, HoldsAnEmptyMessage) {
  EXPECT_TRUE(read(record_of(0, "", {})).empty());
}

TEST(Recipe, RejectsLengthsThatDoNotAddUp) {
  EXPECT_ERROR(kDamaged, "longer than the message", RecipeReader(record_of(2, "A:b", {})));
  EXPECT_ERROR(kDamaged, "longer than the message", read(record_of(5, "A:b", {text("one")})));
  EXPECT_ERROR(kDamaged, "shorter than the message", read(record_of(7, "A:b", {text("one")})));
  EXPECT_ERROR(kDamaged, "longer than the message",
               read(record_of(8, "A:b", {base64({}, {{id(1), 4}})})));
}

TEST(Recipe, RejectsImpossibleItems) {
  EXPECT_ERROR(kDamaged, "empty", read(record_of(9, "", {text("")})));
  EXPECT_ERROR(kDamaged, "empty", read(record_of(9, "", {TextPart{{id(1), 0}}})));
  EXPECT_ERROR(kDamaged, "no part", read(record_of(9, "", {base64({}, {})})));
  EXPECT_ERROR(kDamaged, "cannot be joined",
               read(record_of(8, "", {base64({}, {{id(1), 2}, {id(2), 1}})})));
  EXPECT_ERROR(kDamaged, "an unknown kind", read(base::to_bytes(std::string("\x01\x00\x04", 3))));
}

TEST(Recipe, AllocatesNothingFromAnAnnouncedCount) {
  base::Bytes record = record_of(9, "", {});
  for (const unsigned byte : {0x03U, 0x00U, 0xFFU, 0xFFU, 0xFFU, 0xFFU, 0xFFU, 0x0FU})
    record.push_back(static_cast<std::byte>(byte));
  EXPECT_ERROR(kDamaged, "message record", read(record));
}

TEST(Recipe, RejectsSizesBeyondAnyMessage) {
  EXPECT_ERROR(kDamaged, "too large", RecipeReader(record_of(UINT64_MAX, "", {})));
  EXPECT_ERROR(kDamaged, "too large",
               read(record_of(9, "", {base64({.length = std::uint64_t{1} << 60U}, {{id(1), 3}})})));
}

TEST(Recipe, RejectsEveryTruncation) {
  const base::Bytes record =
      record_of(4 + 3 + 10 + 8, "A:b\n",
                {text("one"), TextPart{{id(1), 10}}, base64({}, {{id(2), 3}, {id(3), 2}})});
  for (std::size_t length = 0; length < record.size(); ++length)
    EXPECT_ERROR(kDamaged, "message record", read(base::ByteView(record).first(length)));
  EXPECT_EQ(read(record).size(), 3U);
}

}  // namespace
