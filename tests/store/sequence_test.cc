// The order of an account's snapshots is the order in which they were made, whatever their times
// say, and survives everything that rewrites commits or the index.
#include <filesystem>
#include <fstream>
#include <map>
#include <random>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/format/layout.h"
#include "store/history.h"
#include "store/index/sqlite.h"
#include "store/keys/key_slot.h"
#include "store/maintenance/repair.h"
#include "tests/expect_error.h"
#include "tests/store/sequence_fixture.h"

namespace store {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST_F(SequenceTest, TheSnapshotMadeLastIsTheNewest) {
  const SnapshotInfo ahead = back_up("alice", kMonday + 365 * kDay);
  const SnapshotInfo right = back_up("alice", kMonday);
  back_up("alice", kMonday + kDay, SnapshotKind::kRescue);
  EXPECT_EQ(1U, ahead.sequence);
  EXPECT_EQ(2U, right.sequence);
  const auto expect_order = [&] {
    EXPECT_EQ(right, newest("alice"));
    EXPECT_THAT(times("alice"), ElementsAre(ahead.time, right.time, kMonday + kDay));
    EXPECT_THAT(sequences("alice"), ElementsAre(1, 2, 3));
    expect_intact();
  };
  expect_order();
  prune_all();
  expect_order();
  lose_index();
  expect_order();
}

TEST_F(SequenceTest, EveryAccountHasItsOwnNumbers) {
  back_up("alice", kMonday);
  back_up("alice", kMonday + kDay);
  EXPECT_EQ(1U, back_up("bob", kMonday).sequence);
  EXPECT_EQ(3U, back_up("alice", kMonday).sequence);
}

TEST_F(SequenceTest, AHistoryFollowsTheOrderOfCreation) {
  const SnapshotInfo first = back_up("alice", kMonday);
  const SnapshotInfo ahead = back_up("alice", kMonday + 365 * kDay);
  const SnapshotInfo last = back_up("alice", kMonday + kDay);
  const auto steps = [&](const std::optional<SnapshotInfo>& start) {
    Reader reader = open_reader();
    std::vector<std::pair<std::uint64_t, std::uint64_t>> found;
    for_each_change(reader, "alice", start, [&](const FolderChange& change) {
      found.emplace_back(change.before.sequence, change.after.sequence);
    });
    return found;
  };
  EXPECT_THAT(steps({}), ElementsAre(std::pair(1, 2), std::pair(2, 3)));
  EXPECT_THAT(steps(first), ElementsAre(std::pair(1, 2), std::pair(2, 3)));
  EXPECT_THAT(steps(ahead), ElementsAre(std::pair(2, 3)));
  EXPECT_THAT(steps(last), IsEmpty());
}

TEST_F(SequenceTest, ATimeChoosesByTime) {
  const SnapshotInfo ahead = back_up("alice", kMonday + 365 * kDay);
  const SnapshotInfo first = back_up("alice", kMonday);
  const SnapshotInfo second = back_up("alice", kMonday);
  Reader reader = open_reader();
  EXPECT_EQ(second, reader.newest_snapshot("alice", kMonday));
  EXPECT_EQ(second, reader.newest_snapshot("alice", kMonday + kDay));
  EXPECT_EQ(ahead, reader.newest_snapshot("alice", kMonday + 400 * kDay));
  EXPECT_EQ(std::nullopt, reader.newest_snapshot("alice", kMonday - kDay));
  EXPECT_NE(first, second);
}

TEST_F(SequenceTest, OfTwoLinesForOneSnapshotTheHigherNumberCounts) {
  SnapshotDraft draft;
  draft.account = "alice";
  draft.time = kMonday;
  {
    Writer writer = open_writer();
    draft.folders = {add_folder(writer, "INBOX", samples(100, 1))};
    draft.status = SnapshotStatus::kPartial;
    writer.add_snapshot(draft);
    writer.commit();
  }
  const SnapshotInfo between = back_up("alice", kMonday);
  {
    Writer writer = open_writer();
    draft.status = SnapshotStatus::kComplete;
    writer.add_snapshot(draft);
    writer.commit();
  }
  for (const bool is_rebuilt : {false, true}) {
    if (is_rebuilt) lose_index();
    EXPECT_THAT(sequences("alice"), ElementsAre(2, 3));
    EXPECT_EQ(between, open_reader().snapshots("alice").front());
    EXPECT_EQ(SnapshotStatus::kComplete, newest("alice").status);
    expect_intact();
  }
}

TEST_F(SequenceTest, AnOlderStoresSnapshotsAreNumberedByTime) {
  const SnapshotInfo third = back_up("alice", kMonday + 2 * kDay);
  const SnapshotInfo first = back_up("alice", kMonday);
  const SnapshotInfo second = back_up("alice", kMonday + kDay);
  back_up("bob", kMonday);
  forget_sequences();
  const auto expect_order = [&] {
    EXPECT_THAT(times("alice"), ElementsAre(first.time, second.time, third.time));
    EXPECT_THAT(sequences("alice"), ElementsAre(1, 2, 3));
    EXPECT_THAT(sequences("bob"), ElementsAre(1));
    EXPECT_EQ(third.id, newest("alice").id);
    expect_intact();
  };
  lose_index();
  expect_order();
  prune_all();
  lose_index();
  expect_order();
}

TEST_F(SequenceTest, NewSnapshotsFollowThoseOfAnOlderStore) {
  back_up("alice", kMonday + kDay);
  back_up("alice", kMonday);
  forget_sequences();
  lose_index();
  const SnapshotInfo made = back_up("alice", kMonday - kDay);
  EXPECT_EQ(3U, made.sequence);
  lose_index();
  EXPECT_THAT(times("alice"), ElementsAre(kMonday, kMonday + kDay, kMonday - kDay));
  EXPECT_THAT(sequences("alice"), ElementsAre(1, 2, 3));
  expect_intact();
}

class OldIndexTest : public SequenceTest {
 protected:
  OldIndexTest() {
    back_up("alice", kMonday + kDay);
    back_up("alice", kMonday);
    forget_sequences();
    make_index_of_version_1(index_file(location_));
  }

  void expect_numbered() {
    EXPECT_THAT(times("alice"), ElementsAre(kMonday, kMonday + kDay));
    EXPECT_THAT(sequences("alice"), ElementsAre(1, 2));
    expect_intact();
  }
};

// The index that the fixture makes lacks the extension that says which format the store has: the
// next writer adds it.
TEST_F(OldIndexTest, AReaderConvertsIt) {
  EXPECT_THAT(times("alice"), ElementsAre(kMonday, kMonday + kDay));
  EXPECT_THAT(sequences("alice"), ElementsAre(1, 2));
  { const Writer writer = open_writer(); }
  expect_numbered();
}

TEST_F(OldIndexTest, AWriterConvertsIt) {
  EXPECT_EQ(3U, back_up("alice", kMonday - kDay).sequence);
  EXPECT_THAT(sequences("alice"), ElementsAre(1, 2, 3));
  expect_intact();
}

TEST_F(OldIndexTest, ARepairConvertsIt) {
  EXPECT_TRUE(repair(location_, files_, clock_).after.is_intact());
  expect_numbered();
}

TEST_F(OldIndexTest, AReaderUsesAnOldIndexAndLeavesItUnchanged) {
  const auto version = [&] {
    return Database::open_or_create(index_file(location_)).integer("PRAGMA user_version");
  };
  ASSERT_EQ(version(), 1);
  const auto old = open_reader().snapshots("alice");
  EXPECT_EQ(version(), 1) << "a backup of the older mailstow may be under way";
  open_writer();
  EXPECT_EQ(version(), 5);
  const auto converted = open_reader().snapshots("alice");
  ASSERT_EQ(old.size(), converted.size());
  for (std::size_t at = 0; at < old.size(); ++at) {
    EXPECT_EQ(old[at].id, converted[at].id);
    EXPECT_EQ(old[at].sequence, converted[at].sequence);
    EXPECT_GT(old[at].sequence, 0U);
  }
}

TEST_F(OldIndexTest, ConvertedAndNewIndexesAreTheSame) {
  open_writer();
  const auto schema = [&] {
    Database database = Database::open_or_create(index_file(location_));
    std::set<std::string> lines;
    Statement columns(database,
                      "SELECT name || type FROM pragma_table_info('snapshots') "
                      "UNION ALL SELECT name || type FROM pragma_table_info('pins') "
                      "UNION ALL SELECT name || type FROM pragma_table_info('extensions')");
    while (columns.step()) lines.insert(columns.text(0));
    Statement indexes(database, "SELECT sql FROM sqlite_schema WHERE type = 'index' AND sql > ''");
    while (indexes.step()) lines.insert(indexes.text(0));
    return lines;
  };
  const std::set<std::string> converted = schema();
  lose_index();
  EXPECT_EQ(converted, schema());
}

TEST_F(OldIndexTest, ANewerOneIsRefused) {
  Database::open_or_create(index_file(location_)).run("PRAGMA user_version = 9");
  EXPECT_ERROR(kConfig, "a newer version of mailstow made it", open_reader());
  EXPECT_ERROR(kConfig, "a newer version of mailstow made it", open_writer());
}

TEST_F(SequenceTest, AnAmendedSnapshotHasTheNextNumberAndTheSameTime) {
  back_up("alice", kMonday);
  const SnapshotInfo ahead = back_up("alice", kMonday + kDay);
  const SnapshotInfo last = back_up("alice", kMonday - kDay);
  // Without their records the messages are lost.
  const BlockContext context = open_keys(location_, files_);
  for (const base::Path& pack : packs()) {
    std::vector<BlockEntry> blocks;
    {
      Decompressor decompressor;
      blocks = PackFile(files_.open(pack), "pack").read_trailer(context, {}, decompressor).blocks;
    }
    for (const BlockEntry& block : blocks) {
      if (block.stream != Stream::kRecords) continue;
      std::fstream file(pack, std::ios::in | std::ios::out | std::ios::binary);
      file.seekp(static_cast<std::streamoff>(block.place + BlockHeader::kSize + 5));
      file.write("damaged", 7);
    }
  }
  const RepairReport report = repair(location_, files_, clock_);
  EXPECT_THAT(report.amended_accounts, ElementsAre("alice"));
  EXPECT_THAT(sequences("alice"), ElementsAre(1, 2, 3, 4));
  EXPECT_EQ(last.time, newest("alice").time);
  EXPECT_EQ(newest("alice"), open_reader().newest_snapshot("alice", last.time));
  EXPECT_EQ(ahead.id, open_reader().newest_snapshot("alice", ahead.time)->id);
}

TEST_F(SequenceTest, ACopyHasTheSameNumbers) {
  back_up("alice", kMonday + kDay);
  back_up("alice", kMonday);
  back_up("bob", kMonday);
  prune_all({open_reader().snapshots("alice").front().id});
  back_up("alice", kMonday - kDay);
  go_on_with_a_copy();
  EXPECT_THAT(sequences("alice"), ElementsAre(2, 3));
  EXPECT_THAT(times("alice"), ElementsAre(kMonday, kMonday - kDay));
  EXPECT_THAT(sequences("bob"), ElementsAre(1));
  EXPECT_EQ(4U, back_up("alice", kMonday).sequence);
  expect_intact();
}

// Whatever happens to a store, a snapshot keeps its number, and no other one gets it. The oldest
// snapshots are of an older version, whose commits have no numbers.
TEST_F(SequenceTest, NumbersStayUniqueAndTheSame) {
  std::mt19937 random(7);
  std::map<ObjectId, std::uint64_t> known;
  std::map<std::string, std::set<std::uint64_t>> used;
  for (int count = 0; count < 3; ++count) {
    back_up("alice", kMonday + count * kDay);
    back_up("bob", kMonday + count * kDay);
  }
  forget_sequences();
  lose_index();
  for (const std::string account : {"alice", "bob"}) {
    for (const SnapshotInfo& info : open_reader().snapshots(account)) {
      known[info.id] = info.sequence;
      used[account].insert(info.sequence);
    }
  }
  for (unsigned step = 0; step < 30; ++step) {
    const std::string account = random() % 2 == 0 ? "alice" : "bob";
    switch (random() % 8) {
      case 0: {
        // The retention never drops the snapshot that was made last.
        std::set<ObjectId> drop;
        std::vector<SnapshotInfo> snapshots = open_reader().snapshots(account);
        if (!snapshots.empty()) snapshots.pop_back();
        for (const SnapshotInfo& info : snapshots) {
          if (random() % 3 == 0) drop.insert(info.id);
        }
        prune_all(drop);
        break;
      }
      case 1:
        lose_index();
        break;
      case 2:
        forget(account);
        break;
      case 3:
        go_on_with_a_copy();
        break;
      case 4:
        EXPECT_TRUE(repair(location_, files_, clock_).after.is_intact());
        break;
      default: {
        const SnapshotInfo made = back_up(account, kMonday + (random() % 100) * kDay);
        EXPECT_TRUE(used[account].insert(made.sequence).second) << made.sequence;
        known[made.id] = made.sequence;
      }
    }
    Reader reader = open_reader();
    for (const std::string& name : reader.accounts()) {
      std::uint64_t last = 0;
      for (const SnapshotInfo& info : reader.snapshots(name)) {
        EXPECT_EQ(known.at(info.id), info.sequence) << "step " << step;
        EXPECT_GT(info.sequence, last);
        last = info.sequence;
      }
    }
  }
}

}  // namespace
}  // namespace store
