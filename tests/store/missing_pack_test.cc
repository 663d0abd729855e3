// A store that lacks a pack: everything else in it can be read, its snapshots stay known, the next
// backup stores again what was lost, and nothing is wrong once the pack is back.
#include <filesystem>

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
class MissingPackTest : public StoreFixture {
 protected:
  MissingPackTest() {
    make_store();
    alices_pack_ = back_up("alice", alices_);
    bobs_pack_ = back_up("bob", bobs_);
    carols_pack_ = back_up("carol", carols_);
  }

  base::Path back_up(const std::string& account, const std::vector<std::string>& messages) {
    const std::vector<base::Path> before = packs();
    back_up_at(next_ += std::chrono::days(1), account, messages);
    for (const base::Path& pack : packs()) {
      if (std::ranges::find(before, pack) == before.end()) return pack;
    }
    return {};
  }

  void take_away(const base::Path& pack) { std::filesystem::rename(pack, away_); }
  void put_back(const base::Path& pack) { std::filesystem::rename(away_, pack); }

  std::vector<std::string> restored(const std::string& account) {
    Reader reader = open_reader();
    return restore(reader, account, "INBOX");
  }

  std::vector<std::uint64_t> sequences(const std::string& account) {
    std::vector<std::uint64_t> all;
    for (const SnapshotInfo& info : open_reader().snapshots(account)) all.push_back(info.sequence);
    return all;
  }

  static testing::Matcher<std::string> is_missing(const base::Path& pack) {
    return HasSubstr(pack.filename().string() + ": it is missing");
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
  base::Path alices_pack_;
  base::Path bobs_pack_;
  base::Path carols_pack_;
  base::Path away_ = directory_ / "away";
  std::chrono::sys_seconds next_{std::chrono::days(10'000)};
};

TEST_F(MissingPackTest, TheRestOfTheStoreCanBeRead) {
  take_away(alices_pack_);
  EXPECT_THAT(open_writer().damage(), ElementsAre(is_missing(alices_pack_)));
  EXPECT_EQ(carols_, restored("carol"));
  Reader reader = open_reader();
  EXPECT_THAT(reader.snapshots("bob"), SizeIs(1));
  EXPECT_THAT(restore(reader, "bob", "INBOX"), testing::Each(HasSubstr("damaged: ")));
}

TEST_F(MissingPackTest, AMessageWhosePartsAreLostIsStoredAgain) {
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

TEST_F(MissingPackTest, AMessageWhoseRecordIsLostIsStoredAgain) {
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

TEST_F(MissingPackTest, OnceThePackIsBackEverythingIsThere) {
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

TEST_F(MissingPackTest, AnAccountsNewestSnapshotIsNotForgotten) {
  const base::Path second = back_up("alice", samples(0, 6));
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

TEST_F(MissingPackTest, OfTwoMissingPacksOneComesBack) {
  const base::Path alices = back_up("alice", samples(0, 6));
  const base::Path bobs = back_up("bob", samples(10, 6));
  back_up("carol", carols_);
  const base::Path elsewhere = directory_ / "elsewhere";
  take_away(alices);
  std::filesystem::rename(bobs, elsewhere);
  EXPECT_THAT(open_writer().damage(), UnorderedElementsAre(is_missing(alices), is_missing(bobs)));
  put_back(alices);
  open_writer();
  EXPECT_EQ(samples(0, 6), restored("alice"));
  EXPECT_THAT(sequences("bob"), ElementsAre(1, 2));
  back_up("bob", samples(10, 7));
  std::filesystem::rename(elsewhere, bobs);
  EXPECT_THAT(open_writer().damage(), IsEmpty());
  EXPECT_THAT(sequences("alice"), ElementsAre(1, 2));
  EXPECT_THAT(sequences("bob"), ElementsAre(1, 2, 3));
  expect_intact();
}

TEST_F(MissingPackTest, WhatAnotherPackHasTooIsFoundThere) {
  take_away(alices_pack_);
  const base::Path copies = back_up("dave", alices_);
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

TEST_F(MissingPackTest, AnotherPackThatTurnsOutToBeUnreadableCountsAsMissing) {
  take_away(alices_pack_);
  std::filesystem::resize_file(bobs_pack_, std::filesystem::file_size(bobs_pack_) - 1);
  {
    Writer writer = open_writer();
    EXPECT_THAT(writer.damage(), UnorderedElementsAre(HasSubstr(bobs_pack_.filename().string()),
                                                      is_missing(alices_pack_)));
    for (const std::string& message : bobs_) EXPECT_TRUE(add_message(writer, message).is_new);
    for (const std::string& message : carols_) EXPECT_FALSE(add_message(writer, message).is_new);
  }
  EXPECT_THAT(sequences("bob"), ElementsAre(1));
  EXPECT_EQ(carols_, restored("carol"));
}

TEST_F(MissingPackTest, TheIndexChangesOnlyOnceTheOthersHaveBeenRead) {
  const auto indexed = [&] {
    const StoreId store = open_keys(location_, files_).store;
    return Index::open_read_only(index_file(location_), store).packs().size();
  };
  take_away(alices_pack_);
  UnreachableFile files;
  files.unreachable = carols_pack_;
  EXPECT_ERROR(kStorage, "no answer", Writer::open(location_, files, clock_));
  EXPECT_EQ(indexed(), 3U);
  EXPECT_THAT(open_writer().damage(), ElementsAre(is_missing(alices_pack_)));
  EXPECT_EQ(indexed(), 2U);
}

// Without its newest commit, the store is in an older state.
TEST_F(MissingPackTest, TheNewestPackComesBack) {
  const base::Path newest = back_up("alice", samples(0, 6));
  take_away(newest);
  EXPECT_ERROR(kDamaged, "commit 4 was made in it", open_writer());
  put_back(newest);
  EXPECT_THAT(open_writer().damage(), IsEmpty());
  EXPECT_EQ(samples(0, 6), restored("alice"));
  back_up("alice", samples(0, 7));
  EXPECT_THAT(sequences("alice"), ElementsAre(1, 2, 3));
  expect_intact();
}

TEST_F(MissingPackTest, ASequenceThatARepairDoesNotFindIsNotUsedAgain) {
  const base::Path newest = back_up("alice", samples(0, 6));
  take_away(newest);
  EXPECT_ERROR(kDamaged, "commit 4 was made in it", open_writer());
  repair(location_, files_, clock_);
  EXPECT_THAT(sequences("alice"), ElementsAre(1));
  EXPECT_THAT(reindex(location_, files_).damage, IsEmpty());
  back_up("alice", samples(0, 7));
  EXPECT_THAT(sequences("alice"), ElementsAre(1, 3));
  expect_intact();
}

}  // namespace
}  // namespace store
