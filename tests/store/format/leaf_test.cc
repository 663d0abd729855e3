#include "store/format/leaf.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "store/format/crypto.h"
#include "tests/expect_error.h"

namespace store {
namespace {

const MakeId kMakeId = [](const Sha256& digest) { return message_id(Keys(), digest); };

Identity identity(std::uint32_t uid, std::int64_t time, std::int16_t zone, std::uint64_t size) {
  Identity made;
  made.uid = {uid};
  made.digest = sha256(base::as_bytes(std::to_string(uid)));
  made.message = kMakeId(made.digest);
  made.internal_date = base::ZonedTime{
      .instant = std::chrono::sys_seconds(std::chrono::seconds(time)), .zone_minutes = zone};
  made.size = size;
  return made;
}

TEST(LeafTest, ExtremeNumbersRoundTrip) {
  const std::vector<Identity> identities = {identity(1, INT64_MIN, -1439, 0),
                                            identity(2, INT64_MAX, 1439, UINT64_MAX),
                                            identity(UINT32_MAX, 0, 0, 1)};
  EXPECT_EQ(identities, decode_identities(encode_identities(identities, kMakeId), kMakeId));

  std::vector<Identity> named = identities;
  named[1].server_id = "M6d99ac3275bb4e";
  EXPECT_EQ(named, decode_identities(encode_identities(named, kMakeId), kMakeId));

  FlagSets sets;
  const std::vector<State> states = {
      {.flags = sets.number({}), .modseq = UINT64_MAX},
      {.flags = sets.number({"", "\\Seen", "with space"}), .modseq = 0},
      {.flags = sets.number({}), .modseq = 1}};
  EXPECT_EQ(states, decode_states(encode_states(states, sets), sets));
}

TEST(LeafTest, AnUnknownDateIsNotADate) {
  std::vector<Identity> identities = {identity(1, 5, 0, 1), identity(2, 0, 0, 1),
                                      identity(3, 7, 60, 1)};
  identities[1].internal_date.reset();
  EXPECT_EQ(identities, decode_identities(encode_identities(identities, kMakeId), kMakeId));

  std::vector<Identity> of_1970 = identities;
  of_1970[1].internal_date = base::ZonedTime{};
  EXPECT_EQ(of_1970, decode_identities(encode_identities(of_1970, kMakeId), kMakeId));
  EXPECT_NE(encode_identities(identities, kMakeId), encode_identities(of_1970, kMakeId));
}

TEST(LeafTest, FlagsOfADifferentDraftGetNewNumbers) {
  FlagSets sets;
  const std::vector<State> states = {{.flags = sets.number({"\\Seen"}), .modseq = 3}};
  FlagSets other;
  other.number({"$Junk"});
  const std::vector<State> read = decode_states(encode_states(states, sets), other);
  ASSERT_EQ(1U, read.size());
  EXPECT_EQ(std::vector<std::string>{"\\Seen"}, other.flags(read[0].flags));
}

TEST(LeafTest, ADigestOfADifferentMessageIsRejected) {
  Identity wrong = identity(1, 0, 0, 1);
  wrong.digest = {};
  EXPECT_ERROR(kInternal, "the digest is not message", encode_identities({wrong}, kMakeId));
}

RC_GTEST_PROP(LeafProperty, RandomBytesCauseAtMostAnError,
              (const std::vector<std::uint8_t>& rubbish)) {
  const base::ByteView bytes = std::as_bytes(std::span(rubbish));
  FlagSets sets;
  try {
    decode_identities(bytes, kMakeId);
  } catch (const base::Error& error) {
    RC_ASSERT(error.code() == base::ErrorCode::kDamaged);
  }
  try {
    decode_states(bytes, sets);
  } catch (const base::Error& error) {
    RC_ASSERT(error.code() == base::ErrorCode::kDamaged);
  }
}

TEST(LeafTest, EveryPrefixOfALeafIsMalformed) {
  FlagSets sets;
  const base::Bytes identities =
      encode_identities({identity(1, 5, 60, 10), identity(9, 6, 60, 11)}, kMakeId);
  const base::Bytes states = encode_states(
      {{.flags = sets.number({"a", "b"}), .modseq = 300}, {.flags = 0, .modseq = 1}}, sets);
  for (std::size_t size = 0; size < identities.size(); ++size) {
    EXPECT_THROW(decode_identities(base::ByteView(identities).first(size), kMakeId), base::Error);
  }
  for (std::size_t size = 0; size < states.size(); ++size) {
    EXPECT_THROW(decode_states(base::ByteView(states).first(size), sets), base::Error);
  }
}

}  // namespace
}  // namespace store
