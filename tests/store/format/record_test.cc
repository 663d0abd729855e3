// Commit records and owner records: each opens as it was sealed, and not at all if anything about
// it differs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "store/format/commit_record.h"
#include "store/format/owner_record.h"
#include "store/format/sealed_blob.h"
#include "tests/expect_error.h"

namespace store {
namespace {

using testing::Lt;

BlockContext new_context() {
  BlockContext context{.store = {}, .keys = Keys::derive(random_key())};
  fill_random(context.store);
  return context;
}

CommitRecord some_commit() {
  CommitRecord record{.number = 4711,
                      .last = 4713,
                      .commit = {},
                      .previous = {},
                      .pack = {},
                      .epoch = 12,
                      .host = {},
                      .random = {}};
  fill_random(record.commit.bytes);
  fill_random(record.previous.bytes);
  fill_random(record.pack.bytes);
  fill_random(record.host);
  fill_random(record.random);
  return record;
}

OwnerRecord some_owner() {
  OwnerRecord record{.epoch = 4711,
                     .host = {},
                     .host_name = "backup.example.org",
                     .since = std::chrono::sys_seconds(std::chrono::seconds(1'800'000'000)),
                     .random = {}};
  fill_random(record.host);
  fill_random(record.random);
  return record;
}

// Both kinds, of the number 4711.
template <typename Record>
struct KindOf;
template <>
struct KindOf<CommitRecord> {
  static CommitRecord some() { return some_commit(); }
  static BlobName name(std::uint64_t number) { return commit_record_name(number); }
};
template <>
struct KindOf<OwnerRecord> {
  static OwnerRecord some() { return some_owner(); }
  static BlobName name(std::uint64_t number) { return owner_record_name(number); }
};

template <typename Record>
class SealedRecordTest : public testing::Test {
 protected:
  base::Bytes sealed() const { return record_.seal(context_, name_); }
  Record open(const base::Bytes& bytes) const {
    return Record::open(context_, name_, bytes, "the record");
  }

  BlockContext context_ = new_context();
  BlobName name_ = KindOf<Record>::name(4711);
  Record record_ = KindOf<Record>::some();
};

using RecordKinds = testing::Types<CommitRecord, OwnerRecord>;
TYPED_TEST_SUITE(SealedRecordTest, RecordKinds);

TYPED_TEST(SealedRecordTest, OpensAsItWasSealed) {
  const base::Bytes bytes = this->sealed();
  EXPECT_EQ(this->record_, this->open(bytes));
  EXPECT_THAT(bytes.size(), Lt(std::size_t{300}));
}

TYPED_TEST(SealedRecordTest, EveryFlippedByteIsNoticed) {
  const base::Bytes bytes = this->sealed();
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    base::Bytes bad = bytes;
    bad[at] ^= std::byte{1};
    SCOPED_TRACE(at);
    EXPECT_ERROR(kDamaged, "read the record", this->open(bad));
  }
}

TYPED_TEST(SealedRecordTest, EveryTruncationIsNoticed) {
  base::Bytes bytes = this->sealed();
  bytes.push_back(std::byte{0});
  EXPECT_ERROR(kDamaged, "read the record", this->open(bytes));
  bytes.pop_back();
  while (!bytes.empty()) {
    bytes.pop_back();
    SCOPED_TRACE(bytes.size());
    EXPECT_ERROR(kDamaged, "read the record", this->open(bytes));
  }
}

TYPED_TEST(SealedRecordTest, DoesNotOpenWithAnotherKeyOrInAnotherStore) {
  const base::Bytes bytes = this->sealed();
  BlockContext other = this->context_;
  other.keys = Keys::derive(random_key());
  EXPECT_ERROR(kDamaged, "not what was written",
               TypeParam::open(other, this->name_, bytes, "the record"));
  other = this->context_;
  other.store[0] ^= std::byte{1};
  EXPECT_ERROR(kDamaged, "not what was written",
               TypeParam::open(other, this->name_, bytes, "the record"));
}

TYPED_TEST(SealedRecordTest, DoesNotOpenUnderAnotherName) {
  EXPECT_ERROR(
      kDamaged, "not what was written",
      TypeParam::open(this->context_, KindOf<TypeParam>::name(4712), this->sealed(), "it"));
  const BlobName wrong = KindOf<TypeParam>::name(4712);
  EXPECT_ERROR(kDamaged, "its name has another",
               TypeParam::open(this->context_, wrong, this->record_.seal(this->context_, wrong),
                               "the record"));
}

// As a later version would write it: a different head, which its box is bound to.
TYPED_TEST(SealedRecordTest, ANewerVersionIsToldApartFromDamage) {
  base::Bytes bytes = this->sealed();
  constexpr std::size_t kVersionAt = 8;
  bytes[kVersionAt] = std::byte{2};
  EXPECT_ERROR(kDamaged, "not what was written", this->open(bytes));
  bytes.back() ^= std::byte{1};
  EXPECT_ERROR(kConfig, "update mailstow", this->open(bytes));
}

TEST(RecordNameTest, NumbersHaveTwentyDigits) {
  EXPECT_EQ("commits/00000000000000004711", commit_record_name(4711).text());
  EXPECT_EQ("owner/00000000000000000001", owner_record_name(1).text());
  HostId host{};
  host.front() = std::byte{0xab};
  EXPECT_EQ("commits/00000000000000004711.00000000000000000012.ab" + std::string(30, '0'),
            commit_record_name(4711, 12, host).text());
  EXPECT_EQ("owner/00000000000000000012.ab" + std::string(30, '0'),
            owner_record_name(12, host).text());
}

TEST(RecordNameTest, OtherNamesHaveNoNumber) {
  EXPECT_EQ(4711U, number_in_key("00000000000000004711"));
  EXPECT_EQ(4711U, number_in_key("00000000000000004711.00000000000000000012.ab"));
  EXPECT_EQ(9'223'372'036'854'775'807U, number_in_key("09223372036854775807"));
  for (const char* key : {"", "4711", "notes", "0000000000000000471x", "00000000000000000000",
                          "000000000000000047110", "09223372036854775808", "99999999999999999999",
                          "00000000000000004711-1", "-0000000000000004711"}) {
    EXPECT_EQ(std::nullopt, number_in_key(key)) << key;
  }
}

}  // namespace
}  // namespace store
