// A copying that crashes or fails at every operation in turn: the copy is what the store was after
// one of its commits, or no store yet, and the next run completes it.
#include <algorithm>
#include <filesystem>
#include <random>
#include <set>

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "store/copies/copy_prune.h"
#include "store/keys/key_slot.h"
#include "store/maintenance/dropping.h"
#include "store/tree_record.h"
#include "tests/long_run.h"
#include "tests/store/copies/copying_fixture.h"
#include "tests/store/simulated_file_system.h"
#include "tests/store/storage/model_storage.h"

namespace store {
namespace {

namespace fs = std::filesystem;

using tests::FailedOperation;
using tests::Fault;
using tests::ModelStorage;
using tests::SimulatedFileSystem;
using tests::StorageFault;
using tests::Survival;

class CopyingCrashTest : public testing::Test {
 protected:
  // The messages of each account's newest snapshot.
  using Content = std::map<std::string, std::vector<std::string>>;

  CopyingCrashTest() {
    location_ = {.store = "/simulated/store",
                 .index = directory_.path() / "index",
                 .key_file = "/simulated/store.key"};
    copied_ = {.store = "/simulated/copy",
               .index = directory_.path() / "copied",
               .key_file = location_.key_file,
               .has_own_index = true};
    init(location_, *files_, clock_);
    states_.emplace_back();
    back_up("alice", 0, 2);
    back_up("bob", 5, 2);
    TreeRecord record;
    record.id = TreeRecords::new_id();
    record.account = "alice";
    TreeRecords::open(location_, *files_).put(record);
  }

  // Notes what the store is after this commit.
  void back_up(const std::string& account, unsigned first, unsigned count) {
    Writer writer = Writer::open(location_, *files_, clock_);
    SnapshotDraft draft;
    draft.account = account;
    draft.time = std::chrono::sys_seconds(std::chrono::seconds(++time_));
    draft.folders = {add_folder(writer, "INBOX", samples(first, count))};
    const ObjectId id = writer.add_snapshot(draft).id;
    writer.commit();
    newest_[account] = id;
    Content state = states_.back();
    state[account] = samples(first, count);
    states_.push_back(std::move(state));
  }

  // The later commits: two backups, and a prune that drops two snapshots and rewrites the rest.
  void go_on() {
    const std::set<ObjectId> replaced{newest_["alice"], newest_["bob"]};
    back_up("alice", 1, 4);
    back_up("bob", 6, 3);
    prune(location_, *files_, clock_, {.drop = replaced});
    back_up("carol", 9, 1);
  }

  CopyingReport copy() {
    const OpenedCopy directory =
        open_copy_directory(copied_.store, *files_, ExpectedCopy::kMayBeNew);
    return copy_store(location_, *files_, *directory.storage);
  }

  // Whether it ended without an error.
  bool try_to_copy() {
    try {
      copy();
      return true;
    } catch (const base::Error& error) {
      EXPECT_TRUE(error.code() == base::ErrorCode::kIo || error.code() == base::ErrorCode::kNoSpace)
          << error.what();
      return false;
    }
  }

  bool is_store() {
    try {
      open_keys(copied_, *files_);
      return true;
    } catch (const base::Error& error) {
      EXPECT_EQ(base::ErrorCode::kNotFound, error.code()) << error.what();
      return false;
    }
  }

  Content copied_content() {
    fs::remove_all(copied_.index);
    Reader reader = Reader::open(copied_, *files_);
    Content content;
    for (const std::string& account : reader.accounts()) {
      std::vector<std::string>& messages = content[account];
      for (const FolderRecord& folder : reader.folders(reader.newest_snapshot(account).value())) {
        reader.for_each_message(folder, [&](const MessageEntry& entry) {
          messages.push_back(base::to_text(reader.read_message(entry.message).bytes()));
        });
      }
    }
    return content;
  }

  // From state `first` on, or no store yet if that is 0.
  void expect_some_state(std::size_t first) {
    if (first == 0 && !is_store()) return;
    const auto begin = states_.begin() + static_cast<std::ptrdiff_t>(first);
    EXPECT_NE(states_.end(), std::find(begin, states_.end(), copied_content()));
  }

  void expect_complete() {
    const CopyingReport report = copy();
    EXPECT_EQ(0U, report.commits_behind);
    EXPECT_TRUE(report.damage.empty());
    EXPECT_FALSE(report.held.has_value());
    EXPECT_EQ(states_.back(), copied_content());
  }

  std::uint64_t operations_of_copy() {
    const std::unique_ptr<SimulatedFileSystem> origin = files_->copy();
    const std::uint64_t before = files_->operations();
    copy();
    const std::uint64_t count = files_->operations() - before;
    files_ = origin->copy();
    EXPECT_GT(count, 20U);
    return count;
  }

  // `first`: the state that the copy has, 0 for no copy.
  void crash_everywhere(std::size_t first, unsigned one_of) {
    const std::uint64_t last = operations_of_copy();
    const std::unique_ptr<SimulatedFileSystem> origin = files_->copy();
    tests::Sample sample(one_of);
    for (std::uint64_t operation = 1; operation <= last; ++operation) {
      for (const Survival survival :
           {Survival::kNothing, Survival::kEverything, Survival::kAnything}) {
        if (!sample.takes_next()) continue;
        SCOPED_TRACE(fmt::format("operation {} of {}, survival {}", operation, last,
                                 static_cast<int>(survival)));
        files_ = origin->copy();
        files_->fail_for_good_from(operation, Fault::kIo);
        EXPECT_FALSE(try_to_copy());
        files_ = files_->after_crash(survival, random_);
        expect_some_state(first);
        expect_complete();
        if (HasFailure()) return;
      }
    }
  }

  tests::TemporaryDirectory directory_;
  Location location_;
  Location copied_;
  TestClock clock_;
  std::unique_ptr<SimulatedFileSystem> files_ = std::make_unique<SimulatedFileSystem>();
  std::vector<Content> states_;  // after each commit
  std::map<std::string, ObjectId> newest_;
  std::int64_t time_ = 1'700'000'000;
  std::mt19937 random_{20'261'124};
};

TEST_F(CopyingCrashTest, AFirstCopyThatCrashesIsAnEarlierStateOrNoStore) {
  go_on();
  crash_everywhere(0, 23);
}

TEST_F(CopyingCrashTest, ACopyThatCrashesIsAnEarlierState) {
  copy();
  go_on();
  crash_everywhere(2, 23);
}

TEST_F(CopyingCrashTest, AnOperationThatFailsLeavesAnEarlierState) {
  copy();
  go_on();
  const std::uint64_t last = operations_of_copy();
  const std::unique_ptr<SimulatedFileSystem> origin = files_->copy();
  tests::Sample sample(61);
  for (const FailedOperation& failed : tests::failures_up_to(last)) {
    if (!sample.takes_next()) continue;
    SCOPED_TRACE(failed.text());
    files_ = origin->copy();
    failed.arrange(*files_);
    try_to_copy();
    files_->stop_failing();
    expect_some_state(2);
    expect_complete();
    if (HasFailure()) return;
  }
}

TEST_F(CopyingCrashTest, AnInterruptedPruneOfTheCopyLosesNothing) {
  copy();
  go_on();
  copy();
  clock_.moment += std::chrono::hours(25);
  const auto prune_it = [&] {
    const OpenedCopy directory = open_copy_directory(copied_.store, *files_, ExpectedCopy::kExists);
    return prune_copy(location_, *files_, *directory.storage,
                      {.grace = std::chrono::hours(24), .now = clock_.now_seconds()});
  };
  const std::unique_ptr<SimulatedFileSystem> origin = files_->copy();
  const std::uint64_t before = files_->operations();
  EXPECT_LT(0U, prune_it().deleted);
  const std::uint64_t last = files_->operations() - before;
  const auto pruned = files_->files_below(packs_directory(copied_));
  tests::Sample sample(4);
  for (std::uint64_t operation = 1; operation <= last; ++operation) {
    for (const Survival survival :
         {Survival::kNothing, Survival::kEverything, Survival::kAnything}) {
      if (!sample.takes_next()) continue;
      SCOPED_TRACE(fmt::format("operation {} of {}, survival {}", operation, last,
                               static_cast<int>(survival)));
      files_ = origin->copy();
      files_->fail_for_good_from(operation, Fault::kIo);
      try {
        prune_it();
      } catch (const base::Error& error) {
        EXPECT_EQ(base::ErrorCode::kIo, error.code()) << error.what();
      }
      files_ = files_->after_crash(survival, random_);
      EXPECT_EQ(states_.back(), copied_content());
      prune_it();
      EXPECT_EQ(pruned, files_->files_below(packs_directory(copied_)));
      EXPECT_EQ(states_.back(), copied_content());
      if (HasFailure()) return;
    }
  }
}

// The copy is in object storage.
class CopyingFaultTest : public CopyingCrashTest {
 protected:
  static constexpr StorageTraits kListsLate{
      .creates_once = true, .lists_at_once = false, .replaces_at_once = true};

  CopyingReport copy_to(Storage& storage) { return copy_store(location_, *files_, storage); }
};

TEST_F(CopyingFaultTest, AfterALostRequestOrAnswerTheNextRunSendsTheSame) {
  go_on();
  ModelStorage whole(kListsLate);
  copy_to(whole);
  const std::uint64_t last = whole.operations();
  ASSERT_GT(last, 20U);
  tests::Sample sample(7);
  for (std::uint64_t operation = 1; operation <= last; ++operation) {
    for (const StorageFault fault :
         {StorageFault::kNotDone, StorageFault::kDone, StorageFault::kRefused}) {
      if (!sample.takes_next()) continue;
      SCOPED_TRACE(fmt::format("operation {}, fault {}", operation, static_cast<int>(fault)));
      ModelStorage storage(kListsLate);
      storage.fail_once_at(operation, fault);
      try {
        copy_to(storage);
        ADD_FAILURE() << "it did not fail";
      } catch (const StorageError&) {
      }
      EXPECT_EQ(0U, copy_to(storage).commits_behind);
      EXPECT_EQ(whole.contents(), storage.contents());
    }
  }
}

TEST_F(CopyingFaultTest, AListingWithoutNamesMakesNothingBeSentTwice) {
  ModelStorage storage(kListsLate);
  EXPECT_EQ(2U, copy_to(storage).commits);
  storage.set_faults({.missing_names = 100});
  const std::uint64_t puts = storage.operations("put");
  const CopyingReport report = copy_to(storage);
  EXPECT_EQ(2U, report.newest.number);
  EXPECT_EQ(0U, report.packs);
  EXPECT_EQ(puts, storage.operations("put"));
  go_on();
  EXPECT_EQ(0U, copy_to(storage).commits_behind);
  EXPECT_TRUE(copy_to(storage).damage.empty());
}

TEST_F(CopyingFaultTest, AStorageThatLetsSeveralWritersWinWillDo) {
  ModelStorage storage({.creates_once = false, .lists_at_once = true, .replaces_at_once = true});
  go_on();
  EXPECT_EQ(0U, copy_to(storage).commits_behind);
  const std::uint64_t puts = storage.operations("put");
  EXPECT_EQ(0U, copy_to(storage).commits);
  EXPECT_EQ(puts, storage.operations("put"));
}

}  // namespace
}  // namespace store
