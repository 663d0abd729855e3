// A store that lacks a pack: everything else in it can be read, its snapshots stay known, the next
// backup stores again what was lost, and nothing is wrong once the pack is back.
#include <map>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "store/format/layout.h"
#include "store/index/index.h"
#include "store/keys/key_slot.h"
#include "store/maintenance/check.h"
#include "store/maintenance/reindex.h"
#include "store/maintenance/repair.h"
#include "tests/expect_error.h"
#include "tests/forwarding_file_system.h"
#include "tests/store/store_fixture.h"

namespace store {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using testing::UnorderedElementsAre;

// The real file system, of which one file can't be reached.
class UnreachableFile : public tests::ForwardingFileSystem {
 public:
  base::Path unreachable;

  std::unique_ptr<base::File> open(const base::Path& path) override {
    if (path == unreachable) base::fail(base::ErrorCode::kStorage, "read it: no answer");
    return tests::ForwardingFileSystem::open(path);
  }
};

// Every account is in a pack of its own. Bob's mail has alice's attachments, which are in her pack;
// carol's has others.
class MissingPackFixture : public StoreFixture {
 protected:
  explicit MissingPackFixture(tests::HeldBy held_by = tests::HeldBy::kDirectory)
      : StoreFixture(held_by) {
    make_store();
    alices_pack_ = back_up("alice", alices_);
    bobs_pack_ = back_up("bob", bobs_);
    carols_pack_ = back_up("carol", carols_);
  }

  BlobName back_up(const std::string& account, const std::vector<std::string>& messages) {
    const std::vector<BlobName> before = pack_names();
    back_up_at(next_ += std::chrono::days(1), account, messages);
    return pack_added_since(before);
  }

  void take_away(const BlobName& pack) { away_[pack] = stored().take(pack); }

  // Until a listing shows it, no commit that is not in the index leads to it.
  void put_back(const BlobName& pack) {
    stored().set(pack, away_.at(pack));
    end_late_listings();
  }

  std::vector<std::string> restored(const std::string& account) {
    Reader reader = open_reader();
    return restore(reader, account, "INBOX");
  }

  std::vector<std::uint64_t> sequences(const std::string& account) {
    std::vector<std::uint64_t> all;
    for (const SnapshotInfo& info : open_reader().snapshots(account)) all.push_back(info.sequence);
    return all;
  }

  static testing::Matcher<std::string> is_missing(const BlobName& pack) {
    return HasSubstr(pack.key() + ": it is missing");
  }

  void expect_intact() {
    CheckOptions options;
    options.depth = CheckDepth::kReadData;
    const CheckReport report = check(location_, files_, options);
    EXPECT_THAT(report.damage, IsEmpty());
    EXPECT_THAT(report.damaged_messages, IsEmpty());
  }

  const std::vector<std::string> alices_ = samples(0, 5);
  // Their numbers differ, so that they share no leaf with UIDs and flags.
  const std::vector<std::string> bobs_ = samples(10, 4);
  const std::vector<std::string> carols_ = samples(25, 3);
  BlobName alices_pack_{kPacksArea, "0"};
  BlobName bobs_pack_ = alices_pack_;
  BlobName carols_pack_ = alices_pack_;
  std::map<BlobName, base::Bytes> away_;
  std::chrono::sys_seconds next_{std::chrono::days(10'000)};
};

class MissingPackTest : public tests::OnEachStorage<MissingPackFixture> {};

// One of its files can't be reached.
class MissingPackInADirectoryTest : public MissingPackFixture {};

TEST_P(MissingPackTest, TheRestOfTheStoreCanBeRead) {
  take_away(alices_pack_);
  EXPECT_THAT(open_writer().damage(), ElementsAre(is_missing(alices_pack_)));
  EXPECT_EQ(carols_, restored("carol"));
  Reader reader = open_reader();
  EXPECT_THAT(reader.snapshots("bob"), SizeIs(1));
  EXPECT_THAT(restore(reader, "bob", "INBOX"), testing::Each(HasSubstr("damaged: ")));
}

TEST_P(MissingPackTest, AMessageWhosePartsAreLostIsStoredAgain) {
  take_away(alices_pack_);
  {
    Writer writer = open_writer();
    for (const std::string& message : bobs_) {
      EXPECT_FALSE(add_message(writer, message).is_new) << "its record is there";
    }
    for (const std::string& message : carols_) add_message(writer, message);
    EXPECT_EQ(0U, writer.statistics().new_messages);
    add_snapshot(writer, "bob", {add_folder(writer, "INBOX", bobs_)});
    writer.commit();
  }
  EXPECT_EQ(bobs_, restored("bob"));
  EXPECT_EQ(carols_, restored("carol"));
}

TEST_P(MissingPackTest, AMessageWhoseRecordIsLostIsStoredAgain) {
  take_away(bobs_pack_);
  {
    Writer writer = open_writer();
    for (const std::string& message : bobs_) EXPECT_TRUE(add_message(writer, message).is_new);
    add_snapshot(writer, "bob", {add_folder(writer, "INBOX", bobs_)});
    writer.commit();
  }
  EXPECT_EQ(bobs_, restored("bob"));
  EXPECT_EQ(alices_, restored("alice"));
}

TEST_P(MissingPackTest, OnceThePackIsBackEverythingIsThere) {
  take_away(alices_pack_);
  back_up("bob", bobs_);
  put_back(alices_pack_);
  EXPECT_THAT(open_writer().damage(), IsEmpty());
  EXPECT_EQ(alices_, restored("alice"));
  EXPECT_EQ(bobs_, restored("bob"));
  EXPECT_EQ(carols_, restored("carol"));
  EXPECT_THAT(open_reader().snapshots("bob"), SizeIs(2));
  expect_intact();
}

TEST_P(MissingPackTest, AnAccountsNewestSnapshotIsNotForgotten) {
  const BlobName second = back_up("alice", samples(0, 6));
  back_up("carol", carols_);
  take_away(second);
  EXPECT_THAT(open_writer().damage(), ElementsAre(is_missing(second)));
  EXPECT_THAT(sequences("alice"), ElementsAre(1, 2));
  back_up("alice", samples(0, 7));
  EXPECT_THAT(sequences("alice"), ElementsAre(1, 2, 3));
  EXPECT_EQ(samples(0, 7), restored("alice"));
  put_back(second);
  EXPECT_THAT(open_writer().damage(), IsEmpty());
  for (const bool is_rebuilt : {false, true}) {
    if (is_rebuilt) {
      EXPECT_THAT(reindex(location_, files_).damage, IsEmpty());
    }
    EXPECT_THAT(sequences("alice"), ElementsAre(1, 2, 3));
    expect_intact();
  }
}

TEST_P(MissingPackTest, OfTwoMissingPacksOneComesBack) {
  const BlobName alices = back_up("alice", samples(0, 6));
  const BlobName bobs = back_up("bob", samples(10, 6));
  back_up("carol", carols_);
  take_away(alices);
  take_away(bobs);
  EXPECT_THAT(open_writer().damage(), UnorderedElementsAre(is_missing(alices), is_missing(bobs)));
  put_back(alices);
  open_writer();
  EXPECT_EQ(samples(0, 6), restored("alice"));
  EXPECT_THAT(sequences("bob"), ElementsAre(1, 2));
  back_up("bob", samples(10, 7));
  put_back(bobs);
  EXPECT_THAT(open_writer().damage(), IsEmpty());
  EXPECT_THAT(sequences("alice"), ElementsAre(1, 2));
  EXPECT_THAT(sequences("bob"), ElementsAre(1, 2, 3));
  expect_intact();
}

TEST_P(MissingPackTest, WhatAnotherPackHasTooIsFoundThere) {
  take_away(alices_pack_);
  const BlobName copies = back_up("dave", alices_);
  put_back(alices_pack_);
  back_up("carol", carols_);
  take_away(copies);
  {
    Writer writer = open_writer();
    EXPECT_THAT(writer.damage(), ElementsAre(is_missing(copies)));
    for (const std::string& message : alices_) EXPECT_FALSE(add_message(writer, message).is_new);
    for (const std::string& message : bobs_) EXPECT_FALSE(add_message(writer, message).is_new);
  }
  EXPECT_EQ(alices_, restored("alice"));
  EXPECT_EQ(bobs_, restored("bob"));
}

TEST_P(MissingPackTest, AnotherPackThatTurnsOutToBeUnreadableCountsAsMissing) {
  take_away(alices_pack_);
  stored().truncate(bobs_pack_, stored().size(bobs_pack_) - 1);
  {
    Writer writer = open_writer();
    EXPECT_THAT(writer.damage(),
                UnorderedElementsAre(HasSubstr(bobs_pack_.key()), is_missing(alices_pack_)));
    for (const std::string& message : bobs_) EXPECT_TRUE(add_message(writer, message).is_new);
    for (const std::string& message : carols_) EXPECT_FALSE(add_message(writer, message).is_new);
  }
  EXPECT_THAT(sequences("bob"), ElementsAre(1));
  EXPECT_EQ(carols_, restored("carol"));
}

TEST_F(MissingPackInADirectoryTest, TheIndexChangesOnlyOnceTheOthersHaveBeenRead) {
  const auto indexed = [&] {
    const StoreId store = open_keys(location_, files_).store;
    return Index::open_read_only(index_file(location_), store).packs().size();
  };
  take_away(alices_pack_);
  UnreachableFile files;
  files.unreachable = packs_directory(location_) / carols_pack_.key();
  EXPECT_ERROR(kStorage, "no answer", Writer::open(location_, files, clock_));
  EXPECT_EQ(indexed(), 3U);
  EXPECT_THAT(open_writer().damage(), ElementsAre(is_missing(alices_pack_)));
  EXPECT_EQ(indexed(), 2U);
}

// Without its newest commit, the store is in an older state.
TEST_P(MissingPackTest, TheNewestPackComesBack) {
  const BlobName newest = back_up("alice", samples(0, 6));
  take_away(newest);
  EXPECT_ERROR(kDamaged, "commit 4 was made in it", open_writer());
  put_back(newest);
  EXPECT_THAT(open_writer().damage(), IsEmpty());
  EXPECT_EQ(samples(0, 6), restored("alice"));
  back_up("alice", samples(0, 7));
  EXPECT_THAT(sequences("alice"), ElementsAre(1, 2, 3));
  expect_intact();
}

TEST_P(MissingPackTest, ASequenceThatARepairDoesNotFindIsNotUsedAgain) {
  const BlobName newest = back_up("alice", samples(0, 6));
  take_away(newest);
  EXPECT_ERROR(kDamaged, "commit 4 was made in it", open_writer());
  repair(location_, files_, clock_);
  EXPECT_THAT(sequences("alice"), ElementsAre(1));
  EXPECT_THAT(reindex(location_, files_).damage, IsEmpty());
  back_up("alice", samples(0, 7));
  EXPECT_THAT(sequences("alice"), ElementsAre(1, 3));
  expect_intact();
}

INSTANTIATE_TEST_SUITE_P(Directory, MissingPackTest, tests::a_directory());
INSTANTIATE_TEST_SUITE_P(LateListings, MissingPackTest, tests::a_late_storage());

}  // namespace
}  // namespace store
