// Two commits of one number, by hosts that could not see each other. The snapshots of both count.
// What the losing one dropped and condemned does not count. A repair joins the two.
#include <atomic>
#include <cerrno>
#include <filesystem>
#include <functional>
#include <optional>

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "store/maintenance/check.h"
#include "store/maintenance/dropping.h"
#include "store/maintenance/prune.h"
#include "store/maintenance/reindex.h"
#include "store/maintenance/repair.h"
#include "tests/expect_error.h"
#include "tests/forwarding_file_system.h"
#include "tests/long_run.h"
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
    expect_joined(report);
  }

  void expect_joined(const RepairReport& report) {
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

// The third host has no index at first: of the commit in which the two branches differ, and of one
// that only the losing branch has.
TEST_F(ForkTest, ACopyOfTheIndexOfTheLosingBranchChangesNothing) {
  for (const std::uint64_t copied : {1U, 2U}) {
    SCOPED_TRACE(copied);
    expected_.clear();
    StorageTraits traits = kSharesNames;
    traits.lists_at_once = false;
    make_store(traits);
    {
      Writer first = open_writer("first");
      Writer second = open_writer("second");
      hide();
      for (unsigned number = 1; number <= 2; ++number) {
        commit(first, "alice", number);
        if (number == copied) {
          EXPECT_EQ(copied, first.copy_index_if_due());
        }
      }
      commit(second, "bob", 1);
      show();
    }
    expect_fork();
    expect_joined_by_repair();
  }
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

// The real file system, with which a program ends at a change of it.
class EndingFileSystem : public tests::ForwardingFileSystem {
 public:
  std::uint64_t changes() const { return changes_; }
  void end_at(std::uint64_t change) { end_ = change; }

  std::unique_ptr<base::File> create(const base::Path& path) override {
    begin_change();
    return ForwardingFileSystem::create(path);
  }
  bool rename(const base::Path& from, const base::Path& to, base::OnExisting existing) override {
    begin_change();
    return ForwardingFileSystem::rename(from, to, existing);
  }
  bool remove(const base::Path& path) override {
    begin_change();
    return ForwardingFileSystem::remove(path);
  }
  void sync_directory(const base::Path& path) override {
    begin_change();
    ForwardingFileSystem::sync_directory(path);
  }
  bool make_directory(const base::Path& path) override {
    begin_change();
    return ForwardingFileSystem::make_directory(path);
  }

 private:
  void begin_change() {
    if (++changes_ >= end_) base::fail_with_errno(EIO, "change a file");
  }

  std::atomic<std::uint64_t> changes_ = 0;
  std::uint64_t end_ = UINT64_MAX;
};

// A repair that ends at each request, and at each change of a file, while it joins a fork of which
// one branch condemned what the other one needs. The next repair joins all of it.
class ForkJoinCrashTest : public ForkTest {
 protected:
  ForkJoinCrashTest() {
    const ObjectId dropped = back_up("first", "alice", 1);
    back_up("first", "alice", 2);
    std::optional<Writer> second;
    prune_on("first", {dropped}, [&] {
      second.emplace(open_writer("second"));
      hide();
    });
    commit(*second, "bob", 1, message_of("alice", 1));
    show();
    second.reset();
    open_writer("third");
    storage_->keep();
    kept_ = expected_;
    kept_moment_ = clock_.moment;
    copy_directory("hosts", "kept");
  }

  void begin_again() {
    storage_->revert();
    expected_ = kept_;
    clock_.moment = kept_moment_;
    copy_directory("kept", "hosts");
  }

  void copy_directory(const char* from, const char* to) {
    std::filesystem::remove_all(directory_.path() / to);
    std::filesystem::copy(directory_.path() / from, directory_.path() / to,
                          std::filesystem::copy_options::recursive);
  }

  void begin_to_join(base::FileSystem& files, base::ErrorCode expected) {
    try {
      repair(location_of("third"), files, clock_);
    } catch (const base::Error& error) {
      EXPECT_EQ(expected, error.code()) << error.what();
    }
  }

  // `backs_up`: the next backup is made before the next repair.
  void expect_next_repair_joins(bool backs_up) {
    if (backs_up) back_up("third", "carol", 1);
    expect_joined(repair(location_of("third"), files_, clock_));
    EXPECT_THAT(repair(location_of("third"), files_, clock_).found, IsEmpty());
  }

  Snapshots kept_;
  base::TimePoint kept_moment_;
};

TEST_F(ForkJoinCrashTest, AfterAnyRequestTheNextRepairJoinsTheRest) {
  const std::uint64_t before = storage_->operations();
  repair(location_of("third"), files_, clock_);
  const std::uint64_t last = storage_->operations() - before;
  ASSERT_GT(last, 40U);
  tests::Sample sample(151);
  for (std::uint64_t request = 1; request <= last; ++request) {
    for (const tests::StorageFault fault :
         {tests::StorageFault::kNotDone, tests::StorageFault::kDone}) {
      for (const bool backs_up : {false, true}) {
        if (!sample.takes_next()) continue;
        SCOPED_TRACE(fmt::format("request {} of {}, fault {}, backs up: {}", request, last,
                                 static_cast<int>(fault), backs_up));
        begin_again();
        storage_->fail_for_good_from(storage_->operations() + request, fault);
        begin_to_join(files_, base::ErrorCode::kStorage);
        show();
        expect_next_repair_joins(backs_up);
        if (HasFailure()) return;
      }
    }
  }
}

TEST_F(ForkJoinCrashTest, AfterAnyChangeOfAFileTheNextRepairJoinsTheRest) {
  EndingFileSystem whole;
  repair(location_of("third"), whole, clock_);
  ASSERT_GT(whole.changes(), 10U);
  tests::Sample sample(29);
  for (std::uint64_t change = 1; change <= whole.changes(); ++change) {
    for (const bool backs_up : {false, true}) {
      if (!sample.takes_next()) continue;
      SCOPED_TRACE(fmt::format("change {} of {}, backs up: {}", change, whole.changes(), backs_up));
      begin_again();
      EndingFileSystem files;
      files.end_at(change);
      begin_to_join(files, base::ErrorCode::kIo);
      expect_next_repair_joins(backs_up);
      if (HasFailure()) return;
    }
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
