// Prune's steps: what it does on a disk that is nearly full, and between two steps.
#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/atomic_file.h"
#include "store/format/layout.h"
#include "store/index/commit_mark.h"
#include "store/maintenance/reindex.h"
#include "store/maintenance/reserve.h"
#include "tests/expect_error.h"
#include "tests/store/maintenance/prune_fixture.h"
#include "tests/store/random_bytes.h"
#include "tests/store/simulated_file_system.h"

namespace store {
namespace {

using testing::IsEmpty;

class PruneStepsTest : public tests::OnEachStorage<PruneFixture> {
 protected:
  ObjectId back_up_these(const std::string& account, const std::vector<std::string>& messages) {
    Writer writer = open_writer();
    const SnapshotInfo snapshot =
        add_snapshot(writer, account, {add_folder(writer, "INBOX", messages)});
    writer.commit();
    return snapshot.id;
  }

  // Nothing can be rewritten.
  PruneReport prune_without_room(const std::set<ObjectId>& drop) {
    Location full = location_;
    full.keep_free = UINT64_MAX;
    return store::prune(full, files_, clock_, {.drop = drop});
  }
};

// The record of message 13 is dead in a half-dead pack, its attachment is in a wholly dead one.
TEST_P(PruneStepsTest, AMessageThatArrivesAgainBetweenTwoStepsIsComplete) {
  const ObjectId first = back_up_these("bob", {sample_message(3)});
  std::vector<std::string> messages;
  for (unsigned ten = 10; ten < 60; ten += 10) messages.push_back(sample_message(ten));
  std::vector<std::string> more = messages;
  for (unsigned ten = 10; ten < 60; ten += 10) more.push_back(sample_message(ten + 1));
  more.push_back(sample_message(13));  // with the attachment of message 3
  const ObjectId second = back_up_these("alice", more);
  back_up_these("alice", messages);

  const PruneReport report = prune_without_room({first, second});
  EXPECT_EQ(2U, report.dropped);
  EXPECT_EQ(1U, report.steps);
  EXPECT_EQ(2U, report.left) << "the half-dead pack, and the dead one that its record needs";

  back_up_these("carol", {sample_message(13)});
  for (int night = 0; night < 3; ++night) {
    pass(std::chrono::hours(25));
    EXPECT_EQ(0U, prune().left);
  }
  EXPECT_EQ(std::vector{sample_message(13)}, restored("carol"));
  expect_intact();
  EXPECT_THAT(reindex(location_, files_).damage, IsEmpty());
  EXPECT_EQ(std::vector{sample_message(13)}, restored("carol"));
  EXPECT_EQ(messages, restored("alice"));
  expect_intact();
}

TEST_P(PruneStepsTest, WithoutRoomStepsThatCopyNothingAreDone) {
  // The two packs share no object: other attachments, and folders of different sizes, because
  // folders of one size have the same flags.
  const ObjectId first = back_up_these("bob", samples(0, 5));
  back_up_these("alice", samples(25, 4));
  const PruneReport report = prune_without_room({first});
  EXPECT_EQ(1U, report.dropped);
  EXPECT_EQ(1U, report.condemned);
  EXPECT_EQ(0U, report.left);
  EXPECT_EQ(1U, report.not_recompressed) << "it waits, but nothing is wrong";
  EXPECT_EQ(0U, report.rewritten);
  EXPECT_EQ(samples(25, 4), restored("alice"));
  expect_intact();
}

TEST_P(PruneStepsTest, APlanNamesTheStepsThatWouldBeLeft) {
  const ObjectId first = back_up_these("alice", samples(0, 10));
  back_up_these("alice", samples(5, 10));
  Location full = location_;
  full.keep_free = UINT64_MAX;
  const PruneReport plan =
      store::prune(full, files_, clock_, {.drop = {first}, .mode = PruneMode::kPlan});
  EXPECT_EQ(1U, plan.left);
  EXPECT_EQ(0U, plan.condemned);
  EXPECT_THAT(plan.packs.at(0).choice.reason, testing::HasSubstr("there is no room to rewrite it"));
}

TEST_P(PruneStepsTest, WithoutTheGracePeriodPacksAreDeletedAtOnce) {
  const ObjectId first = back_up_these("alice", samples(0, 10));
  back_up_these("alice", samples(5, 10));
  {
    const Reader reader = open_reader();
    EXPECT_ERROR(kUsage, "another mailstow process is reading the store",
                 store::prune(location_, files_, clock_, {.drop = {first}, .skip_grace = true}));
    EXPECT_EQ(2U, open_reader().snapshots("alice").size());
  }
  const PruneReport report =
      store::prune(location_, files_, clock_, {.drop = {first}, .skip_grace = true});
  EXPECT_EQ(0U, report.waiting);
  EXPECT_EQ(report.condemned, report.deleted);
  EXPECT_THAT(pack_names(), testing::SizeIs(1));
  EXPECT_EQ(samples(5, 10), restored("alice"));
  expect_intact();
  EXPECT_THAT(reindex(location_, files_).damage, IsEmpty());
  EXPECT_EQ(samples(5, 10), restored("alice"));
}

// Another program may have published a pack after the copies were made.
TEST_P(PruneStepsTest, TheCopiesAreCheckedWithTheStoresLock) {
  const ObjectId first = back_up("alice", 0, 10).id;
  const base::Path copy = directory_ / "a-copy";
  const auto update = [&] {
    for (const auto& [pack, bytes] : stored().in(kPacksArea)) {
      base::write_file(files_, copy / pack.area() / pack.key(), bytes, base::OnExisting::kReplace);
    }
  };
  std::filesystem::create_directories(copy / kPacksArea);
  update();
  back_up("alice", 5, 10);
  const PruneOptions options{
      .drop = {first}, .skip_grace = true, .copies = {{.name = "a", .directory = copy}}};
  EXPECT_ERROR(kUsage, "lacks pack", store::prune(location_, files_, clock_, options));
  EXPECT_EQ(2U, open_reader().snapshots("alice").size());
  update();
  EXPECT_GT(store::prune(location_, files_, clock_, options).deleted, 0U);
  EXPECT_EQ(samples(5, 10), restored("alice"));
}

// Its newest commit is known instead.
TEST_P(PruneStepsTest, ACopyThatCannotBeLookedAtMustHaveTheNewestCommit) {
  const ObjectId first = back_up("alice", 0, 10).id;
  back_up("alice", 5, 10);
  const CommitMark newest = noted_highest_commit(files_, location_);
  PruneOptions options{.drop = {first}, .skip_grace = true, .copies = {{.name = "far"}}};
  options.copies.front().newest = {.number = newest.number - 1, .id = newest.id};
  EXPECT_ERROR(kUsage, "the copy far is at commit 1 as far as is known, the store at 2: update it",
               store::prune(location_, files_, clock_, options));
  EXPECT_EQ(2U, open_reader().snapshots("alice").size());
  options.copies.front().newest = newest;
  EXPECT_GT(store::prune(location_, files_, clock_, options).deleted, 0U);
}

// It was made since, or pruned.
TEST_P(PruneStepsTest, ACopyMayLackThePacksThatItsCommitsCondemn) {
  const ObjectId first = back_up("alice", 0, 10).id;
  back_up("alice", 5, 10);
  const auto replaced = stored().in(kPacksArea);
  prune({first});
  const base::Path copy = directory_ / "a-copy";
  std::filesystem::create_directories(copy / kPacksArea);
  for (const auto& [pack, bytes] : stored().in(kPacksArea)) {
    if (replaced.contains(pack)) continue;
    base::write_file(files_, copy / pack.area() / pack.key(), bytes, base::OnExisting::kReplace);
  }
  PruneOptions options{.skip_grace = true, .copies = {{.name = "near", .directory = copy}}};
  EXPECT_ERROR(kUsage, "the copy near lacks pack",
               store::prune(location_, files_, clock_, options));
  const CommitMark newest = noted_highest_commit(files_, location_);
  options.copies.front().newest = {.number = newest.number, .id = first};  // of another history
  EXPECT_ERROR(kUsage, "the copy near lacks pack",
               store::prune(location_, files_, clock_, options));
  options.copies.front().newest = newest;
  EXPECT_GT(store::prune(location_, files_, clock_, options).deleted, 0U);
  EXPECT_EQ(samples(5, 10), restored("alice"));
}

class PruneWithoutListingsTest : public PruneFixture {
 protected:
  PruneWithoutListingsTest() : PruneFixture(tests::HeldBy::kLateListings) {}
};

TEST_F(PruneWithoutListingsTest, ACopyMustHaveThePacksThatAListingLacks) {
  const ObjectId first = back_up("alice", 0, 10).id;
  back_up("alice", 5, 10);
  const base::Path copy = directory_ / "a-copy";
  std::filesystem::create_directories(copy / "packs");
  late_storage_->set_faults({.missing_names = 100});
  EXPECT_ERROR(
      kUsage, "lacks pack",
      store::prune(
          location_, files_, clock_,
          {.drop = {first}, .skip_grace = true, .copies = {{.name = "a", .directory = copy}}}));
}

TEST_F(PruneWithoutListingsTest, ACopyMustHaveTheCondemnedPacksThatAListingLacks) {
  const ObjectId first = back_up("alice", 0, 10).id;
  back_up("alice", 5, 10);
  const auto before = stored().in(kPacksArea);
  prune({first});
  const base::Path copy = directory_ / "a-copy";
  std::filesystem::create_directories(copy / kPacksArea);
  for (const auto& [pack, bytes] : stored().in(kPacksArea)) {
    if (before.contains(pack)) continue;
    base::write_file(files_, copy / pack.area() / pack.key(), bytes, base::OnExisting::kReplace);
  }
  late_storage_->set_faults({.missing_names = 100});
  EXPECT_ERROR(kUsage, "lacks pack",
               store::prune(location_, files_, clock_,
                            {.skip_grace = true, .copies = {{.name = "a", .directory = copy}}}));
  for (const auto& [pack, bytes] : before) EXPECT_TRUE(stored().in(kPacksArea).contains(pack));
}

INSTANTIATE_TEST_SUITE_P(Directory, PruneStepsTest, tests::a_directory());
INSTANTIATE_TEST_SUITE_P(LateListings, PruneStepsTest, tests::a_late_storage());

// A store on a disk of limited size, which object storage has not.
class PruneOnAFullDiskTest : public testing::Test {
 protected:
  PruneOnAFullDiskTest() {
    location_ = {.store = "/simulated/store",
                 .index = directory_.path() / "index",
                 .key_file = "/simulated/store.key"};
    init(location_, disk_, clock_);
  }

  static std::string incompressible(unsigned seed) {
    return "Subject: large\r\n\r\n" + tests::random_bytes(seed, 82'000);
  }

  static std::vector<std::string> large(unsigned first, unsigned count) {
    std::vector<std::string> messages;
    for (unsigned i = first; i < first + count; ++i) {
      messages.push_back(incompressible(i));
    }
    return messages;
  }

  ObjectId back_up(const std::string& account, const std::vector<std::string>& messages) {
    Writer writer = Writer::open(location_, disk_, clock_);
    SnapshotDraft snapshot;
    snapshot.account = account;
    snapshot.time = clock_.now_seconds();
    snapshot.folders = {add_folder(writer, "INBOX", messages)};
    const ObjectId id = writer.add_snapshot(snapshot).id;
    writer.commit();
    clock_.moment += std::chrono::seconds(1);
    return id;
  }

  PruneReport prune(const std::set<ObjectId>& drop = {}) {
    return store::prune(location_, disk_, clock_, {.drop = drop});
  }

  std::uint64_t packed() const {
    std::uint64_t bytes = 0;
    for (const auto& [path, content] : disk_.files_below(packs_directory(location_))) {
      bytes += content.size();
    }
    return bytes;
  }

  void expect_intact() {
    const CheckReport report =
        check(location_, disk_,
              {.depth = CheckDepth::kReadData, .threads = 1, .skip = {}, .progress = {}});
    EXPECT_THAT(report.damage, IsEmpty());
    EXPECT_THAT(report.damaged_messages, IsEmpty());
  }

  tests::TemporaryDirectory directory_;
  Location location_;
  TestClock clock_;
  tests::SimulatedFileSystem disk_;
};

TEST_F(PruneOnAFullDiskTest, FreesSpaceThreeTimesInARow) {
  const ObjectId gone = back_up("bob", large(0, 99));  // a pack of its own
  const std::uint64_t dead = packed();
  const ObjectId older = back_up("alice", large(100, 80));
  const std::uint64_t before = packed();
  back_up("alice", large(100, 40));  // half of the second pack is dead
  // The half that lives needs more room than there is, until the first pack is deleted.
  const std::uint64_t half = (before - dead) / 2;
  disk_.leave_room_for(half / 2);

  const PruneReport first = prune({gone, older});
  EXPECT_EQ(2U, first.dropped);
  EXPECT_EQ(1U, first.condemned);
  EXPECT_EQ(dead, first.condemned_bytes);
  EXPECT_EQ(1U, first.left);
  EXPECT_EQ("", first.shortage) << "it did not try";
  clock_.moment += std::chrono::hours(25);

  const PruneReport second = prune();
  EXPECT_EQ(1U, second.deleted);
  EXPECT_EQ(0U, second.left);
  EXPECT_GE(second.rewritten, 1U);
  expect_intact();
  clock_.moment += std::chrono::hours(25);

  const PruneReport third = prune();
  EXPECT_GE(third.deleted, 1U);
  EXPECT_LT(packed(), before / 2);
  expect_intact();
}

TEST_F(PruneOnAFullDiskTest, LeavesTheConfiguredRoomAlone) {
  const ObjectId older = back_up("alice", large(0, 40));
  back_up("alice", large(0, 20));
  disk_.leave_room_for(20'000'000);
  location_.keep_free = 19'000'000;
  const PruneReport report = prune({older});
  EXPECT_EQ(1U, report.left);
  EXPECT_GE(disk_.free_space(location_.store), location_.keep_free);
}

TEST_F(PruneOnAFullDiskTest, AReserveIsGivenUpForTheCommit) {
  const ObjectId gone = back_up("bob", large(0, 20));
  back_up("alice", large(100, 20));
  prune();
  ASSERT_EQ(kReserveBytes, disk_.open(reserve_file(location_))->size());
  disk_.leave_room_for(10);
  const PruneReport report = prune({gone});
  EXPECT_EQ(1U, report.dropped);
  EXPECT_EQ(2U, report.steps) << "the room is also for what frees more than it needs";
  const auto size_of_reserve = [&] { return disk_.open(reserve_file(location_))->size(); };
  EXPECT_LT(size_of_reserve(), kReserveBytes);
  EXPECT_GT(size_of_reserve(), kReserveBytes / 4) << "what is left of it is not for others";
  disk_.leave_room_for(10);
  prune();
  EXPECT_GT(size_of_reserve(), kReserveBytes / 4);
  expect_intact();

  disk_.leave_room_for(100'000'000);
  prune();
  EXPECT_EQ(kReserveBytes, disk_.open(reserve_file(location_))->size());
}

TEST_F(PruneOnAFullDiskTest, AnAlmostDeadPackIsRewrittenInTheRoomOfTheReserve) {
  location_.keep_free = 1'000'000;
  std::vector<std::string> messages = large(0, 60);
  messages.emplace_back("Subject: small\r\n\r\nstays\r\n");
  const ObjectId older = back_up("alice", messages);
  prune();
  back_up("alice", {messages.back()});
  disk_.leave_room_for(1'500'000);

  const PruneReport plan =
      store::prune(location_, disk_, clock_, {.drop = {older}, .mode = PruneMode::kPlan});
  EXPECT_EQ(0U, plan.left);
  const PruneReport report = prune({older});
  EXPECT_EQ(0U, report.left);
  EXPECT_GE(report.rewritten, 1U);
  EXPECT_EQ("", report.shortage);
  EXPECT_EQ(kReserveBytes, disk_.open(reserve_file(location_))->size()) << "it is filled again";
  expect_intact();
  clock_.moment += std::chrono::hours(25);
  prune();
  EXPECT_LT(packed(), 1'000'000U);
  expect_intact();
}

TEST_F(PruneOnAFullDiskTest, AReserveIsNotGivenUpForAPruneThatDoesNothing) {
  back_up("alice", large(0, 20));
  prune();
  disk_.leave_room_for(10);
  {
    const Writer other = Writer::open(location_, disk_, clock_);
    EXPECT_ERROR(kBusy, "another mailstow process is writing", prune());
  }
  EXPECT_TRUE(disk_.open(reserve_file(location_)));
  {
    const Reader reader = Reader::open(location_, disk_);
    EXPECT_ERROR(kUsage, "another mailstow process is reading",
                 store::prune(location_, disk_, clock_, {.skip_grace = true}));
  }
  EXPECT_TRUE(disk_.open(reserve_file(location_)));
  store::prune(location_, disk_, clock_, {.mode = PruneMode::kPlan});
  EXPECT_TRUE(disk_.open(reserve_file(location_)));
}

// The disk fills up while a pack is written: what was done before stays done.
TEST_F(PruneOnAFullDiskTest, AShortageWhileCopyingIsReported) {
  const ObjectId gone = back_up("bob", large(0, 5));
  const ObjectId older = back_up("alice", large(100, 10));
  back_up("alice", large(100, 5));
  std::size_t shortages = 0;
  // The first step needs a few operations; then the rewriting begins.
  for (std::uint64_t after = 5; after < 60; ++after) {
    disk_.fail_for_good_from(disk_.operations() + after, tests::Fault::kNoSpace);
    try {
      const PruneReport report = prune({gone, older});
      disk_.stop_failing();
      if (report.shortage.empty()) break;
      ++shortages;
      EXPECT_GE(report.left + report.not_recompressed, 1U);
    } catch (const base::Error& error) {
      disk_.stop_failing();
      EXPECT_EQ(base::ErrorCode::kNoSpace, error.code()) << error.what();
    }
    expect_intact();
  }
  EXPECT_GE(shortages, 1U);
  Reader reader = Reader::open(location_, disk_);
  EXPECT_EQ(1U, reader.snapshots("alice").size());
}

}  // namespace
}  // namespace store
