#include "store/format/encoding.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "tests/expect_error.h"

namespace store {
namespace {

TEST(EncodingTest, RoundTrips) {
  Encoder encoder;
  encoder.u8(200);
  encoder.u16(60'000);
  encoder.u32(4'000'000'000);
  encoder.u64(UINT64_MAX);
  encoder.varint(UINT64_MAX);
  encoder.signed_varint(INT64_MIN);
  encoder.text("text");
  const base::Bytes bytes = encoder.take();
  Decoder decoder(bytes, "it");
  EXPECT_EQ(200, decoder.u8());
  EXPECT_EQ(60'000, decoder.u16());
  EXPECT_EQ(4'000'000'000, decoder.u32());
  EXPECT_EQ(UINT64_MAX, decoder.u64());
  EXPECT_EQ(UINT64_MAX, decoder.varint());
  EXPECT_EQ(INT64_MIN, decoder.signed_varint());
  EXPECT_EQ("text", decoder.text());
  decoder.end();
}

TEST(EncodingTest, NumbersAreSmall) {
  Encoder encoder;
  encoder.varint(127);
  EXPECT_EQ(1U, encoder.size());
  encoder.varint(128);
  EXPECT_EQ(3U, encoder.size());
  encoder.signed_varint(-64);
  EXPECT_EQ(4U, encoder.size());
}

TEST(EncodingTest, ANumberOfMoreThan64BitsIsMalformed) {
  const base::Bytes endless(11, std::byte{0xFF});
  EXPECT_ERROR(kDamaged, "read it: a number is too large", Decoder(endless, "it").varint());
  base::Bytes large(9, std::byte{0xFF});
  large.push_back(std::byte{2});
  EXPECT_ERROR(kDamaged, "a number is too large", Decoder(large, "it").varint());
}

TEST(EncodingTest, ACountTooLargeForTheBytesIsMalformed) {
  Encoder encoder;
  encoder.varint(3);
  encoder.raw(base::Bytes(64));
  EXPECT_ERROR(kDamaged, "a number is too large", Decoder(encoder.view(), "it").count(32));
  EXPECT_EQ(3U, Decoder(encoder.view(), "it").count(21));
}

TEST(EncodingTest, ATextLongerThanTheRemainingBytesIsMalformed) {
  for (const std::uint64_t size : {std::uint64_t{6}, std::uint64_t{1} << 40U, UINT64_MAX}) {
    Encoder encoder;
    encoder.varint(size);
    encoder.raw(base::Bytes(5));
    EXPECT_ERROR(kDamaged, "read it: it ends early", Decoder(encoder.view(), "it").text());
  }
}

TEST(EncodingTest, ATextAsLongAsABlockRoundTrips) {
  const std::string text(std::size_t{32} << 20U, 'x');
  Encoder encoder;
  encoder.text(text);
  EXPECT_TRUE(Decoder(encoder.view(), "it").text() == text);
}

TEST(EncodingTest, ExtraBytesAfterTheEndAreMalformed) {
  const base::Bytes bytes(1);
  Decoder decoder(bytes, "it");
  EXPECT_ERROR(kDamaged, "extra bytes follow its end", decoder.end());
}

RC_GTEST_PROP(EncodingProperty, NumbersRoundTrip, (std::uint64_t number, std::int64_t other)) {
  Encoder encoder;
  encoder.varint(number);
  encoder.signed_varint(other);
  Decoder decoder(encoder.view(), "it");
  RC_ASSERT(decoder.varint() == number);
  RC_ASSERT(decoder.signed_varint() == other);
  decoder.end();
}

}  // namespace
}  // namespace store
