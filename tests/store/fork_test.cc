// Two commits of one number, by hosts that could not see each other. The snapshots of both count.
// What the losing one dropped and condemned does not count. A repair joins the two.
#include <functional>
#include <optional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "store/maintenance/check.h"
#include "store/maintenance/dropping.h"
#include "store/maintenance/prune.h"
#include "store/maintenance/reindex.h"
#include "store/maintenance/repair.h"
#include "tests/expect_error.h"
#include "tests/store/two_writers.h"

namespace store {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class ForkTest : public TwoWriters {
 protected:
  ForkTest() {
    StorageTraits traits = kSharesNames;
    traits.lists_at_once = false;
    make_store(traits);
  }

  // From now on, listings show nothing: a writer finds neither another owner nor its commits.
  void hide() { storage_->set_faults({.missing_names = 100}); }
  void show() { storage_->stop_failing(); }

  // In a session of its own.
  ObjectId back_up(const std::string& host, const std::string& account, unsigned number) {
    Writer writer = open_writer(host);
    return commit(writer, account, number, message_of(account, number));
  }

  ObjectId commit(Writer& writer, const std::string& account, unsigned number,
                  const std::string& message) {
    const ObjectId id = add(writer, account, number, message);
    writer.commit();
    expected_[id] = message;
    return id;
  }
  ObjectId commit(Writer& writer, const std::string& account, unsigned number) {
    return commit(writer, account, number, message_of(account, number));
  }

  // `once_open`: is called when the prune's session is open.
  void prune_on(const std::string& host, const std::set<ObjectId>& drop,
                const std::function<void()>& once_open = {}) {
    bool is_open = false;
    const PruneOptions options{.drop = drop, .progress = [&](const PruneProgress&) {
                                 if (!std::exchange(is_open, true) && once_open) once_open();
                               }};
    prune(location_of(host), files_, clock_, options);
  }

  // Everything in the store, as each host sees it.
  void expect_found() {
    for (const char* host : {"first", "second"}) {
      Writer writer = open_writer(host);
      EXPECT_THAT(writer.damage(), IsEmpty()) << host;
      EXPECT_EQ(expected_, found_in(writer.reader())) << host;
    }
  }

  void expect_fork() {
    for (const char* host : {"third", "third", "first"}) {
      Writer writer = open_writer(host);
      EXPECT_THAT(writer.damage(), Not(IsEmpty())) << host;
      EXPECT_THAT(writer.damage(), Each(HasSubstr("at the same time"))) << host;
      EXPECT_EQ(expected_, found_in(writer.reader())) << host;
    }
    EXPECT_THAT(reindex(location_of("third"), files_).damage, Each(HasSubstr("at the same time")));
    EXPECT_EQ(expected_, found_in(open_writer("third").reader()));
    EXPECT_ERROR(kDamaged, "nothing was dropped or deleted", prune_on("third", {}));
  }

  void expect_joined_by_repair() {
    const RepairReport report = repair(location_of("third"), files_, clock_);
    EXPECT_THAT(report.found, testing::Contains(HasSubstr("at the same time")));
    EXPECT_THAT(report.after.damage, IsEmpty());
    EXPECT_THAT(report.after.damaged_messages, IsEmpty());
    EXPECT_THAT(report.given_up, IsEmpty());
    expect_found();
    // All that either branch condemned is deleted now.
    std::uint64_t deleted = 0;
    for (int day = 0; day < 2; ++day) {
      clock_.moment += std::chrono::hours(25);
      deleted += prune(location_of("third"), files_, clock_, {}).deleted;
    }
    EXPECT_GT(deleted, 0U);
    expect_found();
    const CheckReport report_of_all =
        check(location_of("third"), files_, {.depth = CheckDepth::kReadData, .threads = 1});
    EXPECT_THAT(report_of_all.damage, IsEmpty());
    EXPECT_THAT(reindex(location_of("third"), files_).damage, IsEmpty());
    EXPECT_EQ(expected_, found_in(open_writer("third").reader()));
    EXPECT_THAT(report_of_all.damaged_messages, IsEmpty());
  }

  Snapshots expected_;
};

TEST_F(ForkTest, ACheckpointHidesNoSnapshotOfTheOtherBranch) {
  const ObjectId dropped = back_up("first", "alice", 1);
  back_up("first", "alice", 2);
  {
    Writer second = open_writer("second");
    prune_on("first", {dropped}, [&] { hide(); });
    commit(second, "bob", 1);
    show();
  }
  expected_.erase(dropped);
  expect_fork();
  expect_joined_by_repair();
}

// It also condemned the pack that bob's message is in.
TEST_F(ForkTest, WhatALosingCheckpointDroppedAndCondemnedLives) {
  const ObjectId dropped = back_up("first", "alice", 1);
  back_up("first", "alice", 2);
  {
    std::optional<Writer> second;
    prune_on("first", {dropped}, [&] {
      second.emplace(open_writer("second"));
      hide();
    });
    commit(*second, "bob", 1, message_of("alice", 1));
    show();
  }
  expect_fork();
  expect_joined_by_repair();
}

TEST_F(ForkTest, OfTwoCheckpointsTheOneOfTheNewerOwnerDrops) {
  const ObjectId kept = back_up("first", "alice", 1);
  back_up("first", "alice", 2);
  const ObjectId dropped = back_up("first", "bob", 1);
  back_up("first", "bob", 2);
  prune_on("first", {kept}, [&] {
    prune_on("second", {dropped});
    hide();
  });
  show();
  expected_.erase(dropped);
  expect_fork();
  expect_joined_by_repair();
}

TEST_F(ForkTest, TheLosingBranchMayBeLonger) {
  {
    Writer first = open_writer("first");
    Writer second = open_writer("second");
    hide();
    for (unsigned number = 1; number <= 3; ++number) commit(first, "alice", number);
    commit(second, "bob", 1);
    show();
  }
  expect_fork();
  back_up("third", "carol", 1);
  EXPECT_EQ(4U, recorded().back()) << "no number is used twice";
  expect_fork();
  expect_joined_by_repair();
}

TEST_F(ForkTest, AnAccountOfBothBranchesGetsOneOrder) {
  {
    Writer first = open_writer("first");
    Writer second = open_writer("second");
    hide();
    commit(second, "alice", 2);
    commit(first, "alice", 1);
    show();
  }
  expect_fork();
  expect_joined_by_repair();
  Writer writer = open_writer("second");
  std::vector<std::pair<std::string, std::uint64_t>> order;
  for (const SnapshotInfo& snapshot : writer.reader().snapshots("alice")) {
    order.emplace_back(expected_.at(snapshot.id), snapshot.sequence);
  }
  EXPECT_THAT(order, ElementsAre(std::pair(message_of("alice", 1), 1U),
                                 std::pair(message_of("alice", 2), 2U)));
}

TEST_F(ForkTest, ASnapshotOfTheLosingBranchStaysDropped) {
  ObjectId alice;
  {
    Writer first = open_writer("first");
    Writer second = open_writer("second");
    hide();
    alice = commit(first, "alice", 1);
    commit(second, "bob", 1);
    show();
  }
  EXPECT_EQ(1U, drop_snapshots(location_of("third"), files_, clock_, {alice}));
  expected_.erase(alice);
  expect_fork();
  expect_joined_by_repair();
}

TEST_F(ForkTest, APinOfTheLosingBranchCounts) {
  const ObjectId alice = back_up("first", "alice", 1);
  {
    Writer second = open_writer("second");
    hide();
    // The first host was the owner before.
    pin_snapshot(location_of("first"), files_, clock_, alice, kPinnedWithoutEnd);
    commit(second, "bob", 1);
    show();
  }
  const auto is_pinned = [&] {
    Writer writer = open_writer("third");
    return writer.reader().snapshots("alice").front().pinned_until == kPinnedWithoutEnd;
  };
  EXPECT_TRUE(is_pinned());
  expect_fork();
  expect_joined_by_repair();
  EXPECT_TRUE(is_pinned());
}

// Nothing that an earlier fork left behind makes a new one.
TEST_F(ForkTest, AStoreCanBeForkedTwice) {
  for (unsigned number = 1; number <= 2; ++number) {
    {
      Writer first = open_writer("first");
      Writer second = open_writer("second");
      hide();
      commit(first, "alice", number);
      commit(second, "bob", number);
      show();
    }
    expect_fork();
    expect_joined_by_repair();
  }
}

TEST_F(ForkTest, TheGracePeriodIsADayWhereAHostMayGoUnnoticed) {
  const ObjectId dropped = back_up("first", "alice", 1);
  back_up("first", "alice", 2);
  prune_on("first", {dropped});
  clock_.moment += std::chrono::hours(23);
  const PruneOptions at_once{.grace = std::chrono::seconds(0)};
  EXPECT_EQ(0U, prune(location_of("first"), files_, clock_, at_once).deleted);
  clock_.moment += std::chrono::hours(2);
  EXPECT_GT(prune(location_of("first"), files_, clock_, at_once).deleted, 0U);
  EXPECT_ERROR(kUsage, "without being noticed",
               prune(location_of("first"), files_, clock_, {.skip_grace = true}));
}

}  // namespace
}  // namespace store
