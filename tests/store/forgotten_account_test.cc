// After an account is forgotten, its sequence numbers are not given out again, and all other
// snapshots keep their numbers.
#include <algorithm>
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/format/layout.h"
#include "store/index/index.h"
#include "store/index/read_commits.h"
#include "store/index/sqlite.h"
#include "store/keys/key_slot.h"
#include "store/maintenance/repair.h"
#include "tests/store/sequence_fixture.h"

namespace store {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class ForgottenAccountTest : public SequenceTest {
 protected:
  ForgottenAccountTest() {
    back_up("alice", kMonday);
    for (int count = 0; count < 3; ++count) back_up("bob", kMonday);
  }

  // Nothing that had a number gets it again, and new accounts may begin above it.
  void expect_higher_numbers() {
    EXPECT_EQ(4U, back_up("bob", kMonday).sequence);
    EXPECT_EQ(5U, back_up("bob", kMonday).sequence);
    EXPECT_EQ(4U, back_up("carol", kMonday).sequence);
    EXPECT_GT(back_up("alice", kMonday).sequence, 1U);
    expect_intact();
  }
};

TEST_F(ForgottenAccountTest, GoesOnAboveItsNumbers) {
  forget("bob");
  expect_higher_numbers();
}

TEST_F(ForgottenAccountTest, GoesOnAboveItsNumbersAfterAPrune) {
  prune_all(ids_of("bob"));
  EXPECT_THAT(sequences("bob"), IsEmpty());
  prune_all();
  lose_index();
  expect_higher_numbers();
}

TEST_F(ForgottenAccountTest, GoesOnAboveItsNumbersInACopy) {
  forget("bob");
  go_on_with_a_copy();
  prune_all();  // its checkpoint replaces the commit that dropped the account
  back_up("alice", kMonday + kDay);
  go_on_with_a_copy();
  EXPECT_EQ(4U, back_up("bob", kMonday).sequence);
  expect_intact();
}

// The pack with the commit that dropped the account is lost, and only the index knows it.
TEST_F(ForgottenAccountTest, GoesOnAboveItsNumbersAfterARepair) {
  forget("bob");
  {
    const StoreId store = open_keys(location_, files_).store;
    Index index = Index::open_read_only(index_file(location_), store);
    const auto place = index.find(ObjectType::kCommit, index.highest_commit().id).value();
    std::filesystem::remove(packs_directory(location_) / index.block(place.block).pack.hex());
  }
  repair(location_, files_, clock_);
  EXPECT_THAT(sequences("bob"), IsEmpty());
  lose_index();
  EXPECT_EQ(4U, back_up("bob", kMonday).sequence);
  expect_intact();
}

// The pack with a snapshot and the commit that made it is lost: only the index knows its number.
TEST_F(ForgottenAccountTest, ASnapshotThatARepairGivesUpKeepsItsNumber) {
  const std::vector<base::Path> before = packs();
  EXPECT_EQ(2U, back_up("alice", kMonday + kDay).sequence);
  for (const base::Path& pack : packs()) {
    if (std::ranges::find(before, pack) == before.end()) std::filesystem::remove(pack);
  }
  EXPECT_EQ(1U, repair(location_, files_, clock_, {}, "alice").given_up.size());
  EXPECT_THAT(sequences("alice"), ElementsAre(1));
  lose_index();
  EXPECT_GT(back_up("alice", kMonday + 2 * kDay).sequence, 2U);
  expect_intact();
}

TEST_F(ForgottenAccountTest, LeavesItsNumbersOutOfTheCommitsOfOtherAccounts) {
  const auto used_up = [&] {
    const StoreId store = open_keys(location_, files_).store;
    return Index::open_read_only(index_file(location_), store).used_up();
  };
  prune_all({open_reader().snapshots("bob").front().id});
  EXPECT_EQ(0U, used_up()) << "the account still has its newest snapshot";
  forget("bob");
  EXPECT_EQ(3U, used_up());
}

// An older store's snapshots are numbered down from the lowest recorded number.
TEST_F(ForgottenAccountTest, LeavesTheNumbersOfAnOlderStoreUnchanged) {
  back_up("alice", kMonday + kDay);
  forget_sequences();
  lose_index();
  forget("bob");
  EXPECT_EQ(4U, back_up("alice", kMonday + 2 * kDay).sequence);
  const auto expect_numbers = [&] {
    EXPECT_THAT(sequences("alice"), ElementsAre(1, 2, 4));
    EXPECT_THAT(times("alice"), ElementsAre(kMonday, kMonday + kDay, kMonday + 2 * kDay));
    EXPECT_THAT(sequences("bob"), IsEmpty());
    expect_intact();
  };
  expect_numbers();
  lose_index();
  expect_numbers();
  go_on_with_a_copy();
  expect_numbers();
  prune_all();
  lose_index();
  expect_numbers();
}

// The first account to be forgotten costs a repetition of all lines, the others do not.
TEST_F(ForgottenAccountTest, RecordsTheNumbersOnce) {
  back_up("carol", kMonday);
  const auto lines_recorded_by = [&](const std::string& account) {
    const auto before = packs();
    forget(account);
    const BlockContext context = open_keys(location_, files_);
    Decompressor decompressor;
    std::size_t lines = 0;
    for (const base::Path& path : packs()) {
      if (std::ranges::find(before, path) != before.end()) continue;
      PackFile file(files_.open(path), "pack");
      const Pack pack = file.read_trailer(context, {}, decompressor);
      for (const auto& [id, commit] : read_commits(file, pack, context, decompressor)) {
        lines += commit.snapshots.size();
      }
    }
    return lines;
  };
  EXPECT_EQ(2U, lines_recorded_by("bob"));
  EXPECT_EQ(0U, lines_recorded_by("carol"));
}

// Programs that do not know used-up numbers refuse the index, and so do not write to the store.
TEST_F(ForgottenAccountTest, KeepsProgramsThatDoNotKnowItsNumbersFromTheStore) {
  const auto database = [&] { return Database::open_or_create(index_file(location_)); };
  database().run("PRAGMA user_version = 3");
  EXPECT_THAT(sequences("bob"), ElementsAre(1, 2, 3));
  EXPECT_EQ(database().integer("PRAGMA user_version"), 3) << "a reader leaves it unchanged";
  forget("bob");
  EXPECT_EQ(database().integer("PRAGMA user_version"), 5);
  lose_index();
  EXPECT_EQ(database().integer("PRAGMA user_version"), 5);
  expect_higher_numbers();
}

}  // namespace
}  // namespace store
