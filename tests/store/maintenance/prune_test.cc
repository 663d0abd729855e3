#include "store/maintenance/prune.h"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/stop_request.h"
#include "store/format/layout.h"
#include "store/maintenance/check.h"
#include "store/maintenance/reindex.h"
#include "tests/expect_error.h"
#include "tests/store/store_fixture.h"

namespace store {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class PruneTest : public StoreFixture {
 protected:
  PruneTest() { make_store(); }

  static std::vector<std::string> samples(unsigned first, unsigned count) {
    std::vector<std::string> messages;
    for (unsigned i = 0; i < count; ++i) messages.push_back(sample_message(first + i));
    return messages;
  }

  SnapshotInfo back_up(const std::string& account, unsigned first, unsigned count) {
    Writer writer = open_writer();
    SnapshotInfo snapshot =
        add_snapshot(writer, account, {add_folder(writer, "INBOX", samples(first, count))});
    writer.commit();
    return snapshot;
  }

  PruneReport prune(const std::set<ObjectId>& drop = {},
                    std::chrono::seconds grace = std::chrono::hours(24)) {
    return store::prune(location_, files_, clock_, {.drop = drop, .grace = grace});
  }

  std::vector<std::string> restored(const std::string& account) {
    Reader reader = open_reader();
    return restore(reader, account, "INBOX");
  }

  void expect_intact() {
    const CheckReport report =
        check(location_, files_,
              {.depth = CheckDepth::kReadData, .threads = 1, .skip = {}, .progress = {}});
    EXPECT_THAT(report.damage, IsEmpty());
    EXPECT_THAT(report.damaged_messages, IsEmpty());
  }

  std::uint64_t stored_bytes() {
    Reader reader = open_reader();
    return reader.size().pack_bytes;
  }

  void pass(std::chrono::seconds time) { clock_.moment += time; }
};

TEST_F(PruneTest, AnEmptyStoreStaysUnchanged) {
  const PruneReport report = prune();
  EXPECT_EQ(0U, report.condemned);
  EXPECT_THAT(packs(), IsEmpty());
}

TEST_F(PruneTest, NightlyPacksBecomeOne) {
  for (unsigned night = 0; night < 5; ++night) back_up("alice", 0, 10 + night);
  const PruneReport report = prune();
  EXPECT_EQ(5U, report.rewritten);
  EXPECT_EQ(5U, report.condemned);
  EXPECT_EQ(0U, report.dropped);
  EXPECT_EQ(1U, open_reader().size().packs);
  EXPECT_EQ(stored_bytes(), report.written_bytes);
  EXPECT_THAT(packs(), SizeIs(6)) << "the old ones stay for the time of grace";
  EXPECT_THAT(open_reader().snapshots("alice"), SizeIs(5));
  EXPECT_EQ(samples(0, 14), restored("alice"));
  expect_intact();
}

// Allows a twentieth more than one run would store, since the leaves of all nights are kept.
TEST_F(PruneTest, ManySmallNightsTakeNoMoreThanOneRunWould) {
  constexpr unsigned kNights = 10;
  constexpr unsigned kAccounts = 4;
  constexpr unsigned kMessages = 8;
  const auto name = [](unsigned account) { return "account" + std::to_string(account); };
  const auto first = [](unsigned account) { return account * kNights * kMessages; };
  std::uint64_t at_once = 0;
  {
    tests::TemporaryDirectory other;
    const Location location{.store = other.path() / "store",
                            .index = other.path() / "index",
                            .key_file = other.path() / "key"};
    init(location, files_, clock_);
    Writer writer = Writer::open(location, files_, clock_);
    for (unsigned account = 0; account < kAccounts; ++account) {
      add_snapshot(writer, name(account),
                   {add_folder(writer, "INBOX", samples(first(account), kNights * kMessages))});
    }
    writer.commit();
    at_once = writer.statistics().stored_bytes;
  }
  for (unsigned night = 1; night <= kNights; ++night) {
    Writer writer = open_writer();
    for (unsigned account = 0; account < kAccounts; ++account) {
      add_snapshot(writer, name(account),
                   {add_folder(writer, "INBOX", samples(first(account), night * kMessages))});
    }
    writer.commit();
  }
  EXPECT_GT(stored_bytes(), at_once);
  prune();
  EXPECT_LT(stored_bytes(), at_once + at_once / 20);
}

TEST_F(PruneTest, ASecondPruneHasNothingToDo) {
  for (unsigned night = 0; night < 3; ++night) back_up("alice", night, 10);
  prune();
  const std::vector<base::Path> before = packs();
  const PruneReport again = prune();
  EXPECT_EQ(0U, again.condemned);
  EXPECT_EQ(3U, again.waiting);
  EXPECT_EQ(before, packs());
}

TEST_F(PruneTest, DataOnlyOfDroppedSnapshotsIsDeletedAfterTheGracePeriod) {
  const SnapshotInfo first = back_up("alice", 0, 20);
  back_up("alice", 10, 20);
  const MessageId gone = [&] {
    Reader reader = open_reader();
    std::vector<MessageId> ids;
    reader.for_each_message(reader.folders(first).at(0),
                            [&](const MessageEntry& entry) { ids.push_back(entry.message); });
    return ids.front();
  }();
  const PruneReport report = prune({first.id});
  EXPECT_EQ(1U, report.dropped);
  EXPECT_THAT(open_reader().snapshots("alice"), SizeIs(1));
  EXPECT_EQ(samples(10, 20), restored("alice"));
  EXPECT_TRUE(open_reader().contains(gone)) << "for readers that began before";

  pass(std::chrono::hours(23));
  EXPECT_EQ(0U, prune().deleted);
  pass(std::chrono::hours(1));
  const PruneReport later = prune();
  EXPECT_EQ(2U, later.deleted);
  EXPECT_EQ(report.condemned_bytes, later.deleted_bytes);
  EXPECT_EQ(0U, later.waiting);
  EXPECT_THAT(packs(), SizeIs(1));
  EXPECT_FALSE(open_reader().contains(gone));
  EXPECT_EQ(20U, open_reader().size().messages);
  expect_intact();
}

TEST_F(PruneTest, PruningEveryNightDoesNotPostponeTheEndOfTheGracePeriod) {
  for (unsigned night = 0; night < 6; ++night) {
    back_up("alice", night * 10, 10);
    prune();
    EXPECT_LE(packs().size(), 6U) << night;
    pass(std::chrono::hours(20));
  }
}

TEST_F(PruneTest, CondemnedContentIsStoredAgainWhenItReappears) {
  const SnapshotInfo first = back_up("alice", 0, 10);
  back_up("bob", 50, 10);
  prune({first.id});
  {
    Writer writer = open_writer();
    EXPECT_TRUE(add_message(writer, sample_message(3)).is_new);
    add_snapshot(writer, "alice", {add_folder(writer, "INBOX", samples(0, 10))});
    writer.commit();
  }
  pass(std::chrono::hours(48));
  prune();
  EXPECT_EQ(samples(0, 10), restored("alice"));
  expect_intact();
}

// The message's record stays because of its pack; its attachment is in another pack, which has no
// living objects.
TEST_F(PruneTest, ADeadMessageThatStaysIsComplete) {
  PruneOptions options;
  options.grace = std::chrono::seconds(0);
  options.limits.small_size = 0;
  const auto prune_apart = [&] { store::prune(location_, files_, clock_, options); };
  const auto back_up_these = [&](const std::string& account,
                                 const std::vector<std::string>& messages) {
    Writer writer = open_writer();
    SnapshotInfo snapshot = add_snapshot(writer, account, {add_folder(writer, "INBOX", messages)});
    writer.commit();
    return snapshot.id;
  };
  const ObjectId first = back_up_these("bob", {sample_message(3)});
  prune_apart();
  std::vector<std::string> messages;
  for (unsigned ten = 10; ten < 200; ten += 10) {
    messages.push_back(sample_message(ten));
    messages.push_back(sample_message(ten + 1));
  }
  messages.push_back(sample_message(13));  // with the attachment of message 3
  const ObjectId second = back_up_these("alice", messages);
  prune_apart();
  messages.pop_back();
  back_up_these("alice", messages);
  options.drop = {first, second};
  prune_apart();
  prune_apart();
  back_up_these("carol", {sample_message(13)});
  EXPECT_EQ(std::vector{sample_message(13)}, restored("carol"));
  expect_intact();
}

TEST_F(PruneTest, AReindexRestoresNothingDropped) {
  const SnapshotInfo first = back_up("alice", 0, 20);
  back_up("alice", 10, 20);
  prune({first.id});
  EXPECT_THAT(reindex(location_, files_).damage, IsEmpty());
  EXPECT_THAT(open_reader().snapshots("alice"), SizeIs(1));
  EXPECT_EQ(1U, open_reader().size().packs);
  EXPECT_EQ(20U, open_reader().size().messages);
  EXPECT_EQ(samples(10, 20), restored("alice"));
  expect_intact();
  pass(std::chrono::hours(24));
  EXPECT_EQ(2U, prune().deleted) << "a new index knows what is condemned, and since when";
  EXPECT_THAT(reindex(location_, files_).damage, IsEmpty());
  expect_intact();
}

TEST_F(PruneTest, CommitsBeforeACheckpointMayBeMissing) {
  for (unsigned night = 0; night < 4; ++night) back_up("alice", night, 10);
  prune({}, std::chrono::seconds(0));
  prune({}, std::chrono::seconds(0));
  EXPECT_THAT(packs(), SizeIs(1));
  expect_intact();
  back_up("alice", 7, 10);
  expect_intact();
  std::filesystem::remove_all(location_.index);
  EXPECT_THAT(open_writer().damage(), IsEmpty());
  EXPECT_THAT(open_reader().snapshots("alice"), SizeIs(5));
  expect_intact();
}

TEST_F(PruneTest, AnOlderIndexIsBroughtUpToDate) {
  const SnapshotInfo first = back_up("alice", 0, 20);
  back_up("alice", 10, 20);
  std::filesystem::copy(location_.index, directory_ / "before");
  prune({first.id}, std::chrono::seconds(0));
  prune({}, std::chrono::seconds(0));
  EXPECT_THAT(packs(), SizeIs(1));
  std::filesystem::remove_all(location_.index);
  std::filesystem::rename(directory_ / "before", location_.index);
  EXPECT_THAT(open_writer().damage(), IsEmpty());
  EXPECT_THAT(open_reader().snapshots("alice"), SizeIs(1));
  EXPECT_EQ(samples(10, 20), restored("alice"));
  expect_intact();
}

TEST_F(PruneTest, AnEarlierReaderKeepsTheFilesItMayRead) {
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
    messages.push_back(base::to_text(reader.read_message(entry.message)));
  });
  EXPECT_EQ(samples(0, 10), messages);
  const Reader younger = open_reader();
  { const Reader ended = std::move(reader); }
  EXPECT_EQ(2U, prune().deleted);
}

TEST_F(PruneTest, AReaderLooksUpMovedObjectsAgain) {
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
      [&](std::size_t, base::ByteView bytes) {
        messages.push_back(base::to_text(bytes));
        if (has_pruned) return;
        has_pruned = true;
        // Between its lookup and its read everything is deleted, as on a store mounted elsewhere.
        prune();
        for (const auto& lock : std::filesystem::directory_iterator(readers_directory(location_))) {
          std::filesystem::remove(lock);
        }
        prune({}, std::chrono::seconds(0));
        ASSERT_THAT(packs(), SizeIs(1));
      },
      [&](std::size_t, const std::string& why) { ADD_FAILURE() << why; });
  EXPECT_EQ(samples(0, 10), messages);
}

TEST_F(PruneTest, ADamagedStoreIsLeftUnchanged) {
  const SnapshotInfo first = back_up("alice", 0, 10);
  const base::Path damaged = packs().at(0);
  back_up("bob", 20, 10);
  const std::size_t count = packs().size();
  std::filesystem::remove(damaged);
  EXPECT_ERROR(kDamaged, "it is missing: run mailstow-backupd check", prune({first.id}));
  EXPECT_THAT(packs(), SizeIs(count - 1));
}

TEST_F(PruneTest, UnreadableDataIsNotTreatedAsDead) {
  const SnapshotInfo first = back_up("alice", 0, 10);
  const base::Path damaged = packs().at(0);
  back_up("bob", 0, 12);
  const std::vector<base::Path> before = packs();
  // In its first block, after the headers: the trailer stays intact.
  const std::unique_ptr<base::File> file = files_.open(damaged);
  base::Bytes bytes(file->size());
  file->read_at(0, bytes);
  bytes[200] ^= std::byte{1};
  std::filesystem::remove(damaged);
  files_.create(damaged)->write(bytes);
  EXPECT_ERROR(kDamaged, "it is not what was written", prune({first.id}));
  EXPECT_EQ(before, packs());
  EXPECT_THAT(open_reader().snapshots("alice"), SizeIs(1)) << "not even the drop was done";
}

TEST_F(PruneTest, DroppedSnapshotsStayDroppedAndNothingElseChanges) {
  const SnapshotInfo first = back_up("alice", 0, 10);
  const SnapshotInfo second = back_up("alice", 5, 10);
  back_up("bob", 0, 10);
  EXPECT_EQ(1U, drop_snapshots(location_, files_, clock_, {first.id}));
  EXPECT_EQ(0U, drop_snapshots(location_, files_, clock_, {first.id}));
  reindex(location_, files_);
  ASSERT_THAT(open_reader().snapshots("alice"), SizeIs(1));
  EXPECT_EQ(second.id, open_reader().snapshots("alice")[0].id);
  EXPECT_THAT(packs(), SizeIs(4));
  EXPECT_EQ(1U, drop_snapshots(location_, files_, clock_, {second.id}));
  EXPECT_THAT(open_reader().accounts(), ElementsAre("bob"));
  expect_intact();
}

TEST_F(PruneTest, APlanChangesNothing) {
  const SnapshotInfo first = back_up("alice", 0, 10);
  back_up("alice", 5, 10);
  const std::vector<base::Path> before = packs();
  const PruneReport plan =
      store::prune(location_, files_, clock_,
                   {.drop = {first.id}, .grace = std::chrono::hours(1), .mode = PruneMode::kPlan});
  EXPECT_EQ(1U, plan.dropped);
  EXPECT_EQ(2U, plan.condemned);
  EXPECT_THAT(plan.packs, SizeIs(2));
  EXPECT_EQ(before, packs());
  EXPECT_THAT(open_reader().snapshots("alice"), SizeIs(2));
}

TEST_F(PruneTest, LeftoversAreRemovedUnlessTheyMayBeInUse) {
  const base::Path old_record = trees_directory(location_) / ".mailstow-1-0.tmp";
  const base::Path new_record = trees_directory(location_) / ".mailstow-2-0.tmp";
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

TEST_F(PruneTest, AStopRequestLeavesNothingDropped) {
  const SnapshotInfo first = back_up("alice", 0, 20);
  back_up("alice", 10, 20);
  EXPECT_EXIT(
      {
        base::stop_on_request(base::OnStop::kContinue);
        ::raise(SIGTERM);
        try {
          prune({first.id});
        } catch (const base::Stopped& stopped) {
          std::fputs(stopped.what(), stderr);
          std::_Exit(9);
        }
      },
      testing::ExitedWithCode(9), "prune: stopped: no snapshot is dropped");
  EXPECT_EQ(2U, open_reader().snapshots("alice").size());
  expect_intact();
  EXPECT_EQ(1U, prune({first.id}).dropped);
  expect_intact();
}

TEST_F(PruneTest, DoesNotWaitForAWriter) {
  const Writer writer = open_writer();
  EXPECT_ERROR(kBusy, "another mailstow process is writing to it", prune());
}

}  // namespace
}  // namespace store
