// The store on a file system that crashes and fails at every operation in turn: afterwards
// everything acknowledged by a commit exists, and nothing that never did.
#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/atomic_file.h"
#include "base/error.h"
#include "store/format/crypto.h"
#include "store/format/layout.h"
#include "store/tree_record.h"
#include "tests/long_run.h"
#include "tests/store/simulated_file_system.h"
#include "tests/store/store_fixture.h"
#include "tests/temporary_directory.h"

namespace store {
namespace {

using testing::IsEmpty;
using tests::FailedOperation;
using tests::failures_up_to;
using tests::Fault;
using tests::SimulatedFileSystem;
using tests::Survival;

namespace fs = std::filesystem;

using Messages = std::vector<std::string>;

// The existing snapshots, by id: those acknowledged by a commit, and all that were attempted.
struct Expected {
  std::map<ObjectId, Messages> acknowledged;
  std::map<ObjectId, Messages> tried;
};

class CrashTest : public testing::Test {
 protected:
  CrashTest() {
    location_ = {.store = "/simulated/store",
                 .index = directory_.path() / "index",
                 .key_file = "/simulated/store.key"};
  }

  Writer open_writer() { return Writer::open(location_, *files_, clock_); }

  // One snapshot of an account with one folder.
  static void back_up(Writer& writer, const std::string& account, const Messages& messages,
                      std::int64_t time, Expected& expected, Expected& waiting) {
    SnapshotDraft snapshot;
    snapshot.account = account;
    snapshot.time = std::chrono::sys_seconds(std::chrono::seconds(time));
    snapshot.folders = {add_folder(writer, "INBOX", messages, account)};
    const ObjectId id = writer.add_snapshot(snapshot).id;
    expected.tried[id] = messages;
    waiting.acknowledged[id] = messages;
  }

  static void commit(Writer& writer, Expected& expected, Expected& waiting) {
    writer.commit();
    expected.acknowledged.merge(waiting.acknowledged);
    waiting.acknowledged.clear();
  }

  void start() {
    files_ = std::make_unique<SimulatedFileSystem>();
    init(location_, *files_, clock_);
    Expected waiting;
    Writer writer = open_writer();
    back_up(writer, "alice", samples(0, 3), 100, before_, waiting);
    commit(writer, before_, waiting);
  }

  std::ptrdiff_t records_of(const std::string& tree) const {
    return std::ranges::count_if(
        files_->files_below(trees_directory(location_)),
        [&](const auto& file) { return file.first.filename().string().starts_with(tree); });
  }

  // The run that is interrupted: content stored ahead of its snapshot, two accounts in a commit,
  // and another commit.
  void run(Expected& expected) {
    Expected waiting;
    Writer writer = open_writer();
    add_message(writer, sample_message(10));
    writer.commit();
    back_up(writer, "alice", samples(9, 4), 200, expected, waiting);
    back_up(writer, "bob", samples(20, 2), 200, expected, waiting);
    commit(writer, expected, waiting);
    back_up(writer, "bob", samples(20, 3), 300, expected, waiting);
    commit(writer, expected, waiting);
  }

  void run_until_it_fails(Expected& expected) {
    try {
      run(expected);
    } catch (const base::Error& error) {
      EXPECT_THAT(error.code(), testing::AnyOf(base::ErrorCode::kIo, base::ErrorCode::kNoSpace))
          << error.what();
    }
  }

  static Messages content(Reader& reader, const SnapshotInfo& snapshot) {
    Messages messages;
    for (const FolderRecord& folder : reader.folders(snapshot)) {
      reader.for_each_message(folder, [&](const MessageEntry& entry) {
        messages.push_back(base::to_text(reader.read_message(entry.message)));
      });
    }
    return messages;
  }

  // Opens the store like the next run, checks all of it, and makes that run.
  void check(Expected expected, const std::string& trace) {
    SCOPED_TRACE(trace);
    try {
      Writer writer = open_writer();
      EXPECT_THAT(writer.damage(), IsEmpty());
      check_snapshots(writer.reader(), expected);
      Expected waiting;
      back_up(writer, "alice", samples(9, 6), 400, expected, waiting);
      commit(writer, expected, waiting);
      check_snapshots(writer.reader(), expected);
    } catch (const base::Error& error) {
      ADD_FAILURE() << error.what();
    }
    for (const auto& [path, bytes] : files_->files_below(location_.store / "packs")) {
      EXPECT_EQ(path.filename().string(), sha256(bytes).hex());
    }
  }

  static void check_snapshots(Reader& reader, const Expected& expected) {
    std::map<ObjectId, Messages> found;
    for (const std::string& account : reader.accounts()) {
      for (const SnapshotInfo& snapshot : reader.snapshots(account)) {
        found[snapshot.id] = content(reader, snapshot);
      }
    }
    for (const auto& [id, messages] : expected.acknowledged) {
      ASSERT_TRUE(found.contains(id)) << "an acknowledged snapshot is gone";
      EXPECT_EQ(messages, found[id]);
    }
    for (const auto& [id, messages] : found) {
      ASSERT_TRUE(expected.tried.contains(id)) << "a snapshot that was never made";
      EXPECT_EQ(expected.tried.at(id), messages);
    }
  }

  void keep_index() {
    fs::remove_all(directory_.path() / "kept");
    fs::copy(location_.index, directory_.path() / "kept", fs::copy_options::recursive);
  }
  void restore_index() {
    fs::remove_all(location_.index);
    fs::copy(directory_.path() / "kept", location_.index, fs::copy_options::recursive);
  }

  tests::TemporaryDirectory directory_;
  Location location_;
  TestClock clock_;
  std::unique_ptr<SimulatedFileSystem> files_;
  Expected before_;
  std::mt19937 random_{20'261'124};
};

TEST_F(CrashTest, ACrashAnywhereLosesNothingThatWasAcknowledged) {
  start();
  keep_index();
  const std::unique_ptr<SimulatedFileSystem> origin = files_->copy();
  Expected whole = before_;
  run(whole);
  const std::uint64_t last = files_->operations();
  ASSERT_GT(last, 20U);
  std::size_t cases = 0;
  tests::Sample sample(17);
  for (std::uint64_t operation = 1; operation <= last; ++operation) {
    for (const Survival survival :
         {Survival::kNothing, Survival::kEverything, Survival::kAnything}) {
      for (const bool index_lost : {false, true}) {
        if (!sample.takes_next()) continue;
        ++cases;
        files_ = origin->copy();
        restore_index();
        files_->fail_for_good_from(operation, Fault::kIo);
        Expected expected = before_;
        run_until_it_fails(expected);
        files_ = files_->after_crash(survival, random_);
        if (index_lost) fs::remove_all(location_.index);
        check(expected, fmt::format("operation {}, survival {}, index lost: {}", operation,
                                    static_cast<int>(survival), index_lost));
        if (HasFatalFailure()) return;
      }
    }
  }
  EXPECT_GT(cases, last / 3);
}

// As a version of mailstow without commit records left it.
TEST_F(CrashTest, ACrashWhileAnOlderStoreGetsRecordsLosesNothing) {
  start();
  for (const base::Path& directory : {commits_directory(location_), owner_directory(location_)}) {
    for (const auto& [path, bytes] : files_->files_below(directory)) files_->lose(path);
  }
  files_->lose(host_identity_file(location_));
  keep_index();
  const std::unique_ptr<SimulatedFileSystem> origin = files_->copy();
  files_ = origin->copy();
  open_writer();  // all that differs from other openings
  const std::uint64_t last = files_->operations();
  ASSERT_GT(last, 10U);
  tests::Sample sample(5);
  for (std::uint64_t operation = 1; operation <= last; ++operation) {
    for (const Survival survival :
         {Survival::kNothing, Survival::kEverything, Survival::kAnything}) {
      if (!sample.takes_next()) continue;
      files_ = origin->copy();
      restore_index();
      files_->fail_for_good_from(operation, Fault::kIo);
      Expected expected = before_;
      run_until_it_fails(expected);
      files_ = files_->after_crash(survival, random_);
      check(expected,
            fmt::format("operation {}, survival {}", operation, static_cast<int>(survival)));
      if (HasFailure()) return;
    }
  }
}

TEST_F(CrashTest, AnOperationThatFailsDamagesNothing) {
  start();
  keep_index();
  const std::unique_ptr<SimulatedFileSystem> origin = files_->copy();
  Expected whole = before_;
  run(whole);
  const std::uint64_t last = files_->operations();
  tests::Sample sample(31);
  for (const FailedOperation& failed : failures_up_to(last)) {
    for (const bool crashes : {false, true}) {
      if (!sample.takes_next()) continue;
      files_ = origin->copy();
      restore_index();
      failed.arrange(*files_);
      Expected expected = before_;
      run_until_it_fails(expected);
      files_->stop_failing();
      if (crashes) files_ = files_->after_crash(Survival::kAnything, random_);
      check(expected, fmt::format("{}, crashes: {}", failed.text(), crashes));
      if (HasFatalFailure()) return;
    }
  }
}

// A run after one that failed, and only then the crash: data left unsynced by the first run must
// not interfere.
TEST_F(CrashTest, TheNextRunMakesFilesOfAFailedRunDurable) {
  start();
  keep_index();
  const std::unique_ptr<SimulatedFileSystem> origin = files_->copy();
  Expected whole = before_;
  run(whole);
  const std::uint64_t last = files_->operations();
  tests::Sample sample(5);
  for (std::uint64_t operation = 1; operation <= last; ++operation) {
    for (const bool commits : {false, true}) {
      if (!sample.takes_next()) continue;
      files_ = origin->copy();
      restore_index();
      files_->fail_once_at(operation, Fault::kDoneAndFail);
      Expected expected = before_;
      run_until_it_fails(expected);
      files_->stop_failing();
      {
        Expected waiting;
        Writer writer = open_writer();
        if (commits) {
          back_up(writer, "carol", samples(30, 2), 350, expected, waiting);
          commit(writer, expected, waiting);
        }
      }
      files_ = files_->after_crash(Survival::kNothing, random_);
      check(expected, fmt::format("operation {}, commits: {}", operation, commits));
      if (HasFatalFailure()) return;
    }
  }
}

TEST_F(CrashTest, InitCanBeRepeatedUntilAStoreExists) {
  files_ = std::make_unique<SimulatedFileSystem>();
  init(location_, *files_, clock_);
  const std::uint64_t last = files_->operations();
  for (std::uint64_t operation = 1; operation <= last; ++operation) {
    for (const Survival survival :
         {Survival::kNothing, Survival::kEverything, Survival::kAnything}) {
      SCOPED_TRACE(operation);
      files_ = std::make_unique<SimulatedFileSystem>();
      fs::remove_all(location_.index);
      files_->fail_for_good_from(operation, Fault::kIo);
      EXPECT_THROW(init(location_, *files_, clock_), base::Error);
      files_ = files_->after_crash(survival, random_);
      try {
        init(location_, *files_, clock_);
      } catch (const base::Error& error) {
        EXPECT_EQ(base::ErrorCode::kUsage, error.code()) << error.what();
      }
      EXPECT_NO_THROW(open_writer());
    }
  }
}

TEST_F(CrashTest, ATreeRecordIsTheOldOrTheNew) {
  start();
  TreeRecord record;
  record.id = TreeRecords::new_id();
  record.account = "alice";
  TreeRecords::open(location_, *files_).put(record);
  const std::unique_ptr<SimulatedFileSystem> origin = files_->copy();
  TreeRecord changed = record;
  changed.state = TreeState::kComplete;
  TreeRecords::open(location_, *files_).put(changed);
  const std::uint64_t last = files_->operations();
  int both = 0;
  for (std::uint64_t operation = 1; operation <= last; ++operation) {
    for (const Survival survival :
         {Survival::kNothing, Survival::kEverything, Survival::kAnything}) {
      SCOPED_TRACE(operation);
      files_ = origin->copy();
      files_->fail_for_good_from(operation, Fault::kIo);
      bool acknowledged = true;
      try {
        TreeRecords::open(location_, *files_).put(changed);
      } catch (const base::Error&) {
        acknowledged = false;
      }
      files_ = files_->after_crash(survival, random_);
      const TreeRecords::Listing listing = TreeRecords::open(location_, *files_).list();
      EXPECT_THAT(listing.damaged, IsEmpty());
      ASSERT_EQ(1U, listing.records.size());
      EXPECT_TRUE(listing.records[0] == changed || (!acknowledged && listing.records[0] == record));
      if (records_of(record.id) == 2) ++both;
      changed.expires += std::chrono::seconds(1);
      TreeRecords::open(location_, *files_).put(changed);
      EXPECT_EQ(changed, TreeRecords::open(location_, *files_).find(record.id));
      EXPECT_EQ(1, records_of(record.id));
      changed.expires -= std::chrono::seconds(1);
    }
  }
  EXPECT_GT(both, 0) << "no crash lay between the new version and the removal of the old one";
}

TEST_F(CrashTest, ARecordThatIsRemovedIsThereAsItWasOrNot) {
  start();
  TreeRecord record;
  record.id = TreeRecords::new_id();
  TreeRecords::open(location_, *files_).put(record);
  const auto earlier = files_->files_below(trees_directory(location_));
  record.state = TreeState::kComplete;
  TreeRecords::open(location_, *files_).put(record);
  for (const auto& [path, bytes] : earlier) {
    base::write_file(*files_, path, bytes, base::OnExisting::kFail);
  }
  ASSERT_EQ(2, records_of(record.id));
  const std::unique_ptr<SimulatedFileSystem> origin = files_->copy();
  TreeRecords::open(location_, *files_).remove(record.id);
  const std::uint64_t last = files_->operations();
  for (std::uint64_t operation = 1; operation <= last; ++operation) {
    for (const Survival survival :
         {Survival::kNothing, Survival::kEverything, Survival::kAnything}) {
      SCOPED_TRACE(operation);
      files_ = origin->copy();
      files_->fail_for_good_from(operation, Fault::kIo);
      try {
        TreeRecords::open(location_, *files_).remove(record.id);
      } catch (const base::Error&) {
      }
      files_ = files_->after_crash(survival, random_);
      const TreeRecords::Listing listing = TreeRecords::open(location_, *files_).list();
      EXPECT_THAT(listing.outdated, IsEmpty());
      EXPECT_LE(listing.records.size(), 1U);
      for (const TreeRecord& left : listing.records) EXPECT_EQ(left, record);
    }
  }
}

}  // namespace
}  // namespace store
