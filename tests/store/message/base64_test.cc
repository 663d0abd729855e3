#include "store/message/base64.h"

#include <optional>
#include <string>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "tests/store/message/mime_generator.h"
#include "tests/store/random_bytes.h"

namespace {

using store::Base64Decoder;
using store::Base64Encoder;
using store::Base64Lines;
using store::LineEnd;
using tests::plain_base64;
using tests::random_bytes;

struct Decoded {
  std::string bytes;
  Base64Lines lines;
  std::size_t consumed = 0;
};

// Reads `room` bytes at a time.
Decoded decode(std::string_view text, std::size_t room = 300) {
  Base64Decoder decoder(base::as_bytes(text));
  Decoded decoded;
  base::Bytes piece(room);
  while (const std::size_t length = decoder.read(piece))
    decoded.bytes += base::as_text(base::ByteView(piece).first(length));
  decoded.lines = decoder.lines();
  decoded.consumed = decoder.consumed();
  return decoded;
}

// Writes `room` bytes at a time.
std::string encode(std::string_view bytes, const Base64Lines& lines, std::size_t room = 300) {
  std::string text;
  const Base64Encoder::Take take = [&](base::ByteView piece) { text += base::as_text(piece); };
  Base64Encoder encoder(lines, take);
  for (std::size_t i = 0; i < bytes.size(); i += room)
    encoder.write(base::as_bytes(bytes.substr(i, room)));
  encoder.finish();
  return text;
}

// The decoded beginning of `text`, as text; nullopt unless encoding it again gives exactly that.
std::optional<std::string> decoded_front(std::string_view text) {
  const Decoded decoded = decode(text);
  if (encode(decoded.bytes, decoded.lines) != text.substr(0, decoded.consumed)) return {};
  return decoded.bytes;
}

TEST(Base64LeafTest, DecodesLinesOfEqualLength) {
  const std::string bytes = random_bytes(1, 1'000);
  const Decoded decoded = decode(plain_base64(bytes, 76, "\r\n"));
  EXPECT_EQ(decoded.bytes, bytes);
  EXPECT_EQ(decoded.lines, (Base64Lines{.length = 76, .end = LineEnd::kCrLf}));
}

TEST(Base64LeafTest, LeavesTheEndOfTheLastLine) {
  const std::string text = plain_base64("some bytes", 8, "\n");
  EXPECT_EQ(decode(text + "\n").consumed, text.size());
  EXPECT_EQ(decode(text + "\n\n--boundary").consumed, text.size());
}

TEST(Base64LeafTest, TakesOneLongLine) {
  const std::string bytes = random_bytes(2, 100'000);
  EXPECT_EQ(decode(plain_base64(bytes, 0, "")).bytes, bytes);
  EXPECT_EQ(decode(plain_base64(bytes, 0, "") + "\r\n").bytes, bytes);
}

TEST(Base64LeafTest, StopsWhereEncodingAgainWouldGiveOtherBytes) {
  EXPECT_EQ(decoded_front("QUJD\nREVG\r\nR0hJ\n"), "ABCDEF") << "another line end";
  EXPECT_EQ(decoded_front("QUJD\nREVGR0hJ\n"), "ABCDEF") << "a longer line";
  EXPECT_EQ(decoded_front("QUJDREVG\nR0hJ\nSktM\n"), "ABCDEFGHI") << "after a shorter line";
  EXPECT_EQ(decoded_front("QUJD \nREVG\n"), "ABC") << "a blank at the end of a line";
  EXPECT_EQ(decoded_front("QUJD\n\nREVG\n"), "ABC") << "an empty line";
  EXPECT_EQ(decoded_front("QUJDRA==\n"), "ABCD") << "padding bits that are zero";
  EXPECT_EQ(decoded_front("QUJDRF==\n"), "ABC") << "padding bits that are not";
  EXPECT_EQ(decoded_front("QUJDREV=\n"), "ABC") << "padding bits that are not";
  EXPECT_EQ(decoded_front("QUJDREU=\n"), "ABCDE");
  EXPECT_EQ(decoded_front("QUJDRA==REVG\n"), "ABCD") << "data after padding";
  EXPECT_EQ(decoded_front("QUJDREU\n"), "ABC") << "padding that is missing";
  EXPECT_EQ(decoded_front("QUJDRA=\n"), "ABC") << "padding that is cut";
  EXPECT_EQ(decoded_front("QUJDR===\n"), "ABC") << "too much padding";
  EXPECT_EQ(decoded_front("QUJD====\n"), "ABC") << "nothing but padding";
  EXPECT_EQ(decoded_front("QUJD\nRE-_\n"), "ABC") << "another alphabet";
  EXPECT_EQ(decoded_front("QUJD\nRE\xc3\xa9\n"), "ABC") << "8-bit characters";
}

TEST(Base64LeafTest, DecodesNothingOfOtherText) {
  for (const char* text : {"", "\n", "\r\n", "A", "AB=", "====", "Hi, world\n", "=QUJ\n"})
    EXPECT_EQ(decoded_front(text), "") << text;
}

TEST(Base64LeafTest, EncodesNothingToNothing) {
  EXPECT_EQ(encode("", {.length = 76, .end = LineEnd::kLf}), "");
  EXPECT_EQ(store::encoded_size(0, {.length = 76, .end = LineEnd::kLf}), 0U);
}

RC_GTEST_PROP(Base64LeafProperty, DecodesAnyWellFormedText, ()) {
  const std::string bytes =
      random_bytes(*rc::gen::arbitrary<std::uint64_t>(), *rc::gen::inRange<std::size_t>(1, 5'000));
  const auto line_length = 4 * *rc::gen::inRange<std::size_t>(0, 30);
  const std::string line_end = *rc::gen::element<std::string>("\n", "\r\n");
  const std::string text = plain_base64(bytes, line_length, line_end);
  const std::string tail = *rc::gen::element<std::string>("", "\n", "\r\n", "\r\n--boundary--");
  const Decoded decoded = decode(text + tail, 3 * *rc::gen::inRange<std::size_t>(1, 1'000));
  RC_ASSERT(decoded.bytes == bytes);
  RC_ASSERT(decoded.consumed == text.size());
  RC_ASSERT(store::encoded_size(bytes.size(), decoded.lines) == text.size());
  RC_ASSERT(encode(bytes, decoded.lines, 3 * *rc::gen::inRange<std::size_t>(1, 40'000)) == text);
}

RC_GTEST_PROP(Base64LeafProperty, DecodedTextEncodesToTheSameBytes, ()) {
  const auto text = *rc::gen::container<std::string>(rc::gen::weightedElement<char>(
      {{8, 'A'}, {8, 'Q'}, {2, '\n'}, {2, '\r'}, {2, '='}, {1, ' '}}));
  const Decoded decoded = decode(text, 3 * *rc::gen::inRange<std::size_t>(1, 5));
  RC_ASSERT(encode(decoded.bytes, decoded.lines) == text.substr(0, decoded.consumed));
  RC_ASSERT(store::encoded_size(decoded.bytes.size(), decoded.lines) == decoded.consumed);
}

}  // namespace
