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
#include "store/maintenance/dropping.h"
#include "store/maintenance/reindex.h"
#include "tests/expect_error.h"
#include "tests/store/maintenance/prune_fixture.h"

namespace store {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class PruneTest : public tests::OnEachStorage<PruneFixture> {};

TEST_P(PruneTest, AnEmptyStoreStaysUnchanged) {
  const PruneReport report = prune();
  EXPECT_EQ(0U, report.condemned);
  EXPECT_THAT(pack_names(), IsEmpty());
}

TEST_P(PruneTest, NightlyPacksBecomeOne) {
  for (unsigned night = 0; night < 5; ++night) back_up("alice", 0, 10 + night);
  const PruneReport report = prune();
  EXPECT_EQ(5U, report.rewritten);
  EXPECT_EQ(5U, report.condemned);
  EXPECT_EQ(0U, report.dropped);
  EXPECT_EQ(1U, open_reader().size().packs);
  EXPECT_EQ(stored_bytes(), report.written_bytes);
  EXPECT_THAT(pack_names(), SizeIs(6)) << "the old ones stay for the time of grace";
  EXPECT_THAT(open_reader().snapshots("alice"), SizeIs(5));
  EXPECT_EQ(samples(0, 14), restored("alice"));
  expect_intact();
}

// Allows a twentieth more than one run would store, since the leaves of all nights are kept.
TEST_P(PruneTest, ManySmallNightsTakeNoMoreThanOneRunWould) {
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

TEST_P(PruneTest, EachStageReportsItsProgressUpToItsEnd) {
  for (unsigned night = 0; night < 5; ++night) back_up("alice", 0, 10 + night);
  std::vector<PruneProgress> reports;
  PruneOptions options;
  options.progress = [&](const PruneProgress& progress) { reports.push_back(progress); };
  store::prune(location_, files_, clock_, options);
  std::vector<PruneProgress::Stage> ended;
  for (std::size_t i = 0; i < reports.size(); ++i) {
    const bool is_first = i == 0 || reports[i].stage != reports[i - 1].stage;
    EXPECT_EQ(is_first, reports[i].done == 0);
    EXPECT_LE(reports[i].done, reports[i].total);
    if (is_first) continue;
    EXPECT_LE(reports[i - 1].done, reports[i].done);
    EXPECT_EQ(reports[i - 1].total, reports[i].total);
    const bool is_last = i + 1 == reports.size() || reports[i].stage != reports[i + 1].stage;
    if (is_last && reports[i].done == reports[i].total) ended.push_back(reports[i].stage);
  }
  EXPECT_THAT(ended, ElementsAre(PruneProgress::Stage::kSnapshots, PruneProgress::Stage::kMessages,
                                 PruneProgress::Stage::kCopying));
}

TEST_P(PruneTest, ASecondPruneHasNothingToDo) {
  for (unsigned night = 0; night < 3; ++night) back_up("alice", night, 10);
  prune();
  const std::vector<BlobName> before = pack_names();
  const PruneReport again = prune();
  EXPECT_EQ(0U, again.condemned);
  EXPECT_EQ(3U, again.waiting);
  EXPECT_EQ(before, pack_names());
}

TEST_P(PruneTest, DataOnlyOfDroppedSnapshotsIsDeletedAfterTheGracePeriod) {
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
  EXPECT_EQ(3U, later.deleted) << "two of backups, and one with the first step's commit";
  EXPECT_EQ(report.condemned_bytes, later.deleted_bytes);
  EXPECT_EQ(0U, later.waiting);
  EXPECT_THAT(pack_names(), SizeIs(1));
  EXPECT_FALSE(open_reader().contains(gone));
  EXPECT_EQ(20U, open_reader().size().messages);
  expect_intact();
}

TEST_P(PruneTest, PruningEveryNightDoesNotPostponeTheEndOfTheGracePeriod) {
  for (unsigned night = 0; night < 6; ++night) {
    back_up("alice", night * 10, 10);
    prune();
    EXPECT_LE(pack_names().size(), 6U) << night;
    pass(std::chrono::hours(20));
  }
}

TEST_P(PruneTest, CondemnedContentIsStoredAgainWhenItReappears) {
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
TEST_P(PruneTest, ADeadMessageThatStaysIsComplete) {
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

TEST_P(PruneTest, AReindexRestoresNothingDropped) {
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
  EXPECT_EQ(3U, prune().deleted) << "a new index knows what is condemned, and since when";
  EXPECT_THAT(reindex(location_, files_).damage, IsEmpty());
  expect_intact();
}

TEST_P(PruneTest, DroppedSnapshotsStayDroppedAndTheOthersAreUnchanged) {
  const SnapshotInfo first = back_up("alice", 0, 10);
  const SnapshotInfo second = back_up("alice", 5, 10);
  back_up("bob", 0, 10);
  EXPECT_EQ(1U, drop_snapshots(location_, files_, clock_, {first.id}));
  EXPECT_EQ(0U, drop_snapshots(location_, files_, clock_, {first.id}));
  reindex(location_, files_);
  ASSERT_THAT(open_reader().snapshots("alice"), SizeIs(1));
  EXPECT_EQ(second.id, open_reader().snapshots("alice")[0].id);
  EXPECT_THAT(pack_names(), SizeIs(4));
  EXPECT_EQ(1U, drop_snapshots(location_, files_, clock_, {second.id}));
  EXPECT_THAT(open_reader().accounts(), ElementsAre("bob"));
  expect_intact();
}

TEST_P(PruneTest, APlanChangesNothing) {
  const SnapshotInfo first = back_up("alice", 0, 10);
  back_up("alice", 5, 10);
  const std::vector<BlobName> before = pack_names();
  const PruneReport plan =
      store::prune(location_, files_, clock_,
                   {.drop = {first.id}, .grace = std::chrono::hours(1), .mode = PruneMode::kPlan});
  EXPECT_EQ(1U, plan.dropped);
  EXPECT_EQ(2U, plan.condemned);
  EXPECT_THAT(plan.packs, SizeIs(2));
  EXPECT_EQ(before, pack_names());
  EXPECT_THAT(open_reader().snapshots("alice"), SizeIs(2));
}

INSTANTIATE_TEST_SUITE_P(Directory, PruneTest, tests::a_directory());
INSTANTIATE_TEST_SUITE_P(LateListings, PruneTest, tests::a_late_storage());

}  // namespace
}  // namespace store
