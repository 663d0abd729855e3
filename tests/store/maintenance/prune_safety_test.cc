// Prune beside readers and writers, over damage, and when it is stopped.
#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/stop_request.h"
#include "store/format/layout.h"
#include "store/maintenance/prune.h"
#include "store/maintenance/reindex.h"
#include "tests/expect_error.h"
#include "tests/store/maintenance/prune_fixture.h"

namespace store {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class PruneSafetyTest : public tests::OnEachStorage<PruneFixture> {};

// Temporary files lie only in a directory.
class PruneLeftoversTest : public PruneFixture {};

TEST_P(PruneSafetyTest, CommitsBeforeACheckpointMayBeMissing) {
  for (unsigned night = 0; night < 4; ++night) back_up("alice", night, 10);
  prune({}, std::chrono::seconds(0));
  prune({}, std::chrono::seconds(0));
  EXPECT_THAT(pack_names(), SizeIs(1));
  expect_intact();
  back_up("alice", 7, 10);
  expect_intact();
  std::filesystem::remove_all(location_.index);
  EXPECT_THAT(open_writer().damage(), IsEmpty());
  EXPECT_THAT(open_reader().snapshots("alice"), SizeIs(5));
  expect_intact();
}

TEST_P(PruneSafetyTest, AnOlderIndexIsBroughtUpToDate) {
  const SnapshotInfo first = back_up("alice", 0, 20);
  back_up("alice", 10, 20);
  std::filesystem::copy(location_.index, directory_ / "before");
  prune({first.id}, std::chrono::seconds(0));
  prune({}, std::chrono::seconds(0));
  EXPECT_THAT(pack_names(), SizeIs(1));
  std::filesystem::remove_all(location_.index);
  std::filesystem::rename(directory_ / "before", location_.index);
  EXPECT_THAT(open_writer().damage(), IsEmpty());
  EXPECT_THAT(open_reader().snapshots("alice"), SizeIs(1));
  EXPECT_EQ(samples(10, 20), restored("alice"));
  expect_intact();
}

TEST_P(PruneSafetyTest, AnEarlierReaderKeepsTheFilesItMayRead) {
  const SnapshotInfo first = back_up("alice", 0, 10);
  Reader reader = open_reader();
  const FolderRecord folder = reader.folders(first).at(0);
  back_up("alice", 20, 10);
  prune({first.id});
  pass(std::chrono::hours(48));
  EXPECT_EQ(0U, prune().deleted);
  EXPECT_TRUE(prune().has_older_reader);
  std::vector<std::string> messages;
  reader.for_each_message(folder, [&](const MessageEntry& entry) {
    messages.push_back(base::to_text(reader.read_message(entry.message).bytes()));
  });
  EXPECT_EQ(samples(0, 10), messages);
  const Reader younger = open_reader();
  { const Reader ended = std::move(reader); }
  EXPECT_EQ(3U, prune().deleted);
}

TEST_P(PruneSafetyTest, AReaderLooksUpMovedObjectsAgain) {
  back_up("alice", 0, 10);
  Reader reader = open_reader();
  std::vector<MessageId> ids;
  for (const FolderRecord& folder : reader.folders(reader.newest_snapshot("alice").value())) {
    reader.for_each_message(folder,
                            [&](const MessageEntry& entry) { ids.push_back(entry.message); });
  }
  std::vector<std::string> messages;
  bool has_pruned = false;
  reader.read_messages(
      ids,
      [&](std::size_t, const MessageBytes& message) {
        messages.push_back(base::to_text(message.bytes()));
        if (has_pruned) return;
        has_pruned = true;
        // Between its lookup and its read everything is deleted, as on a store mounted elsewhere.
        prune();
        for (const auto& lock : std::filesystem::directory_iterator(readers_directory(location_))) {
          std::filesystem::remove(lock);
        }
        prune({}, std::chrono::seconds(0));
        ASSERT_THAT(pack_names(), SizeIs(1));
      },
      [&](std::size_t, const base::Error& why) { ADD_FAILURE() << why.what(); });
  EXPECT_EQ(samples(0, 10), messages);
}

TEST_P(PruneSafetyTest, ADamagedStoreIsLeftUnchanged) {
  const SnapshotInfo first = back_up("alice", 0, 10);
  const BlobName damaged = pack_names().at(0);
  back_up("bob", 20, 10);
  const std::size_t count = pack_names().size();
  stored().lose(damaged);
  EXPECT_ERROR(kDamaged, "of account bob can't be read", prune({first.id}));
  EXPECT_THAT(pack_names(), SizeIs(count - 1));
}

TEST_P(PruneSafetyTest, UnreadableDataIsNotTreatedAsDead) {
  const SnapshotInfo first = back_up("alice", 0, 10);
  const BlobName damaged = pack_names().at(0);
  back_up("bob", 0, 12);
  const std::vector<BlobName> before = pack_names();
  // In its first block, after the headers: the trailer stays intact.
  stored().flip(damaged, 200);
  EXPECT_ERROR(kDamaged, "it is not what was written", prune({first.id}));
  const std::vector<BlobName> after = pack_names();
  EXPECT_TRUE(std::ranges::includes(after, before)) << "the first step's commit is new";
  EXPECT_THAT(open_reader().snapshots("bob"), SizeIs(1));
}

TEST_F(PruneLeftoversTest, TheyAreRemovedUnlessTheyMayBeInUse) {
  const base::Path old_record = trees_directory(location_) / ".mailstow-4999999-0.tmp";
  const base::Path new_record = trees_directory(location_) / ".mailstow-4999999-1.tmp";
  const base::Path spool = location_.index / ".mailstow-spool-abc123";
  const base::Path other = location_.index / "notes.txt";
  for (const base::Path& path : {old_record, new_record, spool, other}) {
    files_.create(path)->write(base::as_bytes("half"));
  }
  clock_.moment = base::system_clock().now();
  std::filesystem::last_write_time(
      old_record, std::filesystem::file_time_type::clock::now() - std::chrono::hours(25));
  const PruneReport report = prune();
  EXPECT_THAT(report.leftovers, ElementsAre(old_record.string(), spool.string()));
  EXPECT_FALSE(std::filesystem::exists(old_record));
  EXPECT_FALSE(std::filesystem::exists(spool));
  EXPECT_TRUE(std::filesystem::exists(new_record));
  EXPECT_TRUE(std::filesystem::exists(other));
}

TEST_P(PruneSafetyTest, AStopRequestLeavesNothingDropped) {
  const SnapshotInfo first = back_up("alice", 0, 20);
  back_up("alice", 10, 20);
  EXPECT_EXIT(
      {
        base::stop_on_request(base::OnStop::kContinue);
        static_cast<void>(::raise(SIGTERM));
        try {
          prune({first.id});
        } catch (const base::Stopped& stopped) {
          static_cast<void>(std::fputs(stopped.what(), stderr));
          std::_Exit(9);
        }
      },
      testing::ExitedWithCode(9), "prune: stopped: no snapshot is dropped");
  EXPECT_EQ(2U, open_reader().snapshots("alice").size());
  expect_intact();
  EXPECT_EQ(1U, prune({first.id}).dropped);
  expect_intact();
}

TEST_P(PruneSafetyTest, DoesNotWaitForAWriter) {
  const Writer writer = open_writer();
  EXPECT_ERROR(kBusy, "another mailstow process is writing to it", prune());
}

INSTANTIATE_TEST_SUITE_P(Directory, PruneSafetyTest, tests::a_directory());
INSTANTIATE_TEST_SUITE_P(LateListings, PruneSafetyTest, tests::a_late_storage());

}  // namespace
}  // namespace store
