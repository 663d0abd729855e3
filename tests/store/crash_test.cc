// The store on a file system that crashes and fails at every operation in turn, and on object
// storage whose client ends or fails at every request: afterwards everything acknowledged by a
// commit exists, and nothing that never did.
#include <algorithm>
#include <cstddef>
#include <cstdlib>
#include <filesystem>
#include <string_view>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "store/format/crypto.h"
#include "store/format/layout.h"
#include "store/tree_record.h"
#include "tests/long_run.h"
#include "tests/store/storage/crash_site.h"
#include "tests/store/store_fixture.h"
#include "tests/temporary_directory.h"

namespace store {
namespace {

using testing::IsEmpty;
using tests::Fault;

namespace fs = std::filesystem;

using Messages = std::vector<std::string>;

// The existing snapshots, by id: those acknowledged by a commit, and all that were attempted.
struct Expected {
  std::map<ObjectId, Messages> acknowledged;
  std::map<ObjectId, Messages> tried;
};

class CrashFixture : public testing::Test {
 protected:
  explicit CrashFixture(tests::HeldBy held_by = tests::HeldBy::kDirectory) : site_(held_by) {
    location_ = {.store = "/simulated/store",
                 .index = directory_.path() / "index",
                 .key_file = "/simulated/store.key",
                 .storage = site_.storage()};
  }

  Writer open_writer() { return Writer::open(location_, site_.files(), clock_); }
  TreeRecords trees() { return TreeRecords::open(location_, site_.files()); }
  tests::StoredBlobs stored() { return {location_, site_.files()}; }

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
    init(location_, site_.files(), clock_);
    Expected waiting;
    Writer writer = open_writer();
    back_up(writer, "alice", samples(0, 3), 100, before_, waiting);
    commit(writer, before_, waiting);
  }

  std::ptrdiff_t records_of(const std::string& tree) {
    return std::ranges::count_if(stored().names_in(kTreesArea), [&](const BlobName& name) {
      return name.key().starts_with(tree);
    });
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
      EXPECT_THAT(error.code(), testing::AnyOf(base::ErrorCode::kIo, base::ErrorCode::kNoSpace,
                                               base::ErrorCode::kStorage))
          << error.what();
    }
  }

  static Messages content(Reader& reader, const SnapshotInfo& snapshot) {
    Messages messages;
    for (const FolderRecord& folder : reader.folders(snapshot)) {
      reader.for_each_message(folder, [&](const MessageEntry& entry) {
        messages.push_back(base::to_text(reader.read_message(entry.message).bytes()));
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
    for (const auto& [pack, bytes] : stored().in(kPacksArea)) {
      EXPECT_EQ(pack.key(), sha256(bytes).hex());
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

  // The state in which each run begins.
  void keep() {
    fs::remove_all(directory_.path() / "kept");
    fs::copy(location_.index, directory_.path() / "kept", fs::copy_options::recursive);
    site_.keep();
  }
  void begin_again() {
    fs::remove_all(location_.index);
    fs::copy(directory_.path() / "kept", location_.index, fs::copy_options::recursive);
    site_.begin_again();
  }

  // Returns the number of the run's operations.
  std::uint64_t measure_run() {
    keep();
    Expected whole = before_;
    run(whole);
    EXPECT_GT(site_.operations(), site_.storage() ? 12U : 20U);
    return site_.operations();
  }

  tests::TemporaryDirectory directory_;
  Location location_;
  TestClock clock_;
  tests::CrashSite site_;
  Expected before_;
};

class CrashTest : public tests::OnEachStorage<CrashFixture> {};

TEST_P(CrashTest, ACrashAnywhereLosesNothingThatWasAcknowledged) {
  start();
  const std::uint64_t last = measure_run();
  std::size_t cases = 0;
  tests::Sample sample(site_.storage() ? 7 : 17);
  for (std::uint64_t operation = 1; operation <= last; ++operation) {
    for (std::size_t way = 0; way < site_.ways_to_end(); ++way) {
      for (const bool index_lost : {false, true}) {
        if (!sample.takes_next()) continue;
        ++cases;
        begin_again();
        site_.end_at(operation, way);
        Expected expected = before_;
        run_until_it_fails(expected);
        site_.restart(way);
        if (index_lost) fs::remove_all(location_.index);
        check(expected,
              fmt::format("operation {}, way {}, index lost: {}", operation, way, index_lost));
        if (HasFailure()) return;
      }
    }
  }
  EXPECT_GT(cases, last / 3);
}

// What object storage has not: stores from before commit records, and changes that are not durable.
// TreeStorageTest tries records of trees there.
class CrashOnFilesTest : public CrashFixture {
 protected:
  static constexpr std::size_t kNothingSurvives = 0;
};

// As a version of mailstow without commit records left it.
TEST_F(CrashOnFilesTest, ACrashWhileAnOlderStoreGetsRecordsLosesNothing) {
  start();
  for (const std::string_view area : {kCommitsArea, kOwnerArea}) {
    for (const BlobName& record : stored().names_in(area)) stored().lose(record);
  }
  site_.files().lose(host_identity_file(location_));
  keep();
  open_writer();  // all that differs from other openings
  const std::uint64_t last = site_.operations();
  ASSERT_GT(last, 10U);
  tests::Sample sample(5);
  for (std::uint64_t operation = 1; operation <= last; ++operation) {
    for (std::size_t way = 0; way < site_.ways_to_end(); ++way) {
      if (!sample.takes_next()) continue;
      begin_again();
      site_.end_at(operation, way);
      Expected expected = before_;
      run_until_it_fails(expected);
      site_.restart(way);
      check(expected, fmt::format("operation {}, way {}", operation, way));
      if (HasFailure()) return;
    }
  }
}

TEST_P(CrashTest, AnOperationThatFailsDamagesNothing) {
  start();
  const std::uint64_t last = measure_run();
  tests::Sample sample(31);
  for (const tests::CrashSite::Failure& failure : site_.failures_up_to(last)) {
    for (const bool crashes : {false, true}) {
      if (!sample.takes_next()) continue;
      begin_again();
      site_.arrange(failure);
      Expected expected = before_;
      run_until_it_fails(expected);
      site_.stop_failing();
      if (crashes) site_.restart_somehow();
      check(expected, fmt::format("{}, crashes: {}", failure.text(), crashes));
      if (HasFailure()) return;
    }
  }
}

// A run after one that failed, and only then the crash: data left unsynced by the first run must
// not interfere.
TEST_F(CrashOnFilesTest, TheNextRunMakesFilesOfAFailedRunDurable) {
  start();
  const std::uint64_t last = measure_run();
  tests::Sample sample(5);
  for (std::uint64_t operation = 1; operation <= last; ++operation) {
    for (const bool commits : {false, true}) {
      if (!sample.takes_next()) continue;
      begin_again();
      site_.files().fail_once_at(operation, Fault::kDoneAndFail);
      Expected expected = before_;
      run_until_it_fails(expected);
      site_.stop_failing();
      {
        Expected waiting;
        Writer writer = open_writer();
        if (commits) {
          back_up(writer, "carol", samples(30, 2), 350, expected, waiting);
          commit(writer, expected, waiting);
        }
      }
      site_.restart(kNothingSurvives);
      check(expected, fmt::format("operation {}, commits: {}", operation, commits));
      if (HasFailure()) return;
    }
  }
}

TEST_P(CrashTest, InitCanBeRepeatedUntilAStoreExists) {
  site_.keep();
  init(location_, site_.files(), clock_);
  const std::uint64_t last = site_.operations();
  for (std::uint64_t operation = 1; operation <= last; ++operation) {
    for (std::size_t way = 0; way < site_.ways_to_end(); ++way) {
      SCOPED_TRACE(fmt::format("operation {}, way {}", operation, way));
      fs::remove_all(location_.index);
      site_.begin_again();
      site_.end_at(operation, way);
      EXPECT_THROW(init(location_, site_.files(), clock_), base::Error);
      site_.restart(way);
      try {
        init(location_, site_.files(), clock_);
      } catch (const base::Error& error) {
        EXPECT_EQ(base::ErrorCode::kUsage, error.code()) << error.what();
      }
      EXPECT_NO_THROW(open_writer());
    }
  }
}

TEST_F(CrashOnFilesTest, ATreeRecordIsTheOldOrTheNew) {
  start();
  TreeRecord record;
  record.id = TreeRecords::new_id();
  record.account = "alice";
  trees().put(record);
  site_.keep();
  TreeRecord changed = record;
  changed.state = TreeState::kComplete;
  trees().put(changed);
  const std::uint64_t last = site_.operations();
  int both = 0;
  for (std::uint64_t operation = 1; operation <= last; ++operation) {
    for (std::size_t way = 0; way < site_.ways_to_end(); ++way) {
      SCOPED_TRACE(operation);
      site_.begin_again();
      site_.end_at(operation, way);
      bool acknowledged = true;
      try {
        trees().put(changed);
      } catch (const base::Error&) {
        acknowledged = false;
      }
      site_.restart(way);
      const TreeRecords::Listing listing = trees().list();
      EXPECT_THAT(listing.damaged, IsEmpty());
      ASSERT_EQ(1U, listing.records.size());
      EXPECT_TRUE(listing.records[0] == changed || (!acknowledged && listing.records[0] == record));
      if (records_of(record.id) == 2) ++both;
      changed.expires += std::chrono::seconds(1);
      trees().put(changed);
      EXPECT_EQ(changed, trees().find(record.id));
      EXPECT_EQ(1, records_of(record.id));
      changed.expires -= std::chrono::seconds(1);
    }
  }
  EXPECT_GT(both, 0) << "no crash lay between the new version and the removal of the old one";
}

TEST_F(CrashOnFilesTest, ARecordThatIsRemovedIsThereAsItWasOrNot) {
  start();
  TreeRecord record;
  record.id = TreeRecords::new_id();
  trees().put(record);
  const auto earlier = stored().in(kTreesArea);
  record.state = TreeState::kComplete;
  trees().put(record);
  for (const auto& [name, bytes] : earlier) stored().set(name, bytes);
  ASSERT_EQ(2, records_of(record.id));
  site_.keep();
  trees().remove(record.id);
  const std::uint64_t last = site_.operations();
  for (std::uint64_t operation = 1; operation <= last; ++operation) {
    for (std::size_t way = 0; way < site_.ways_to_end(); ++way) {
      SCOPED_TRACE(operation);
      site_.begin_again();
      site_.end_at(operation, way);
      try {
        trees().remove(record.id);
      } catch (const base::Error&) {
      }
      site_.restart(way);
      const TreeRecords::Listing listing = trees().list();
      EXPECT_THAT(listing.outdated, IsEmpty());
      EXPECT_LE(listing.records.size(), 1U);
      for (const TreeRecord& left : listing.records) EXPECT_EQ(left, record);
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Directory, CrashTest, tests::a_directory());
INSTANTIATE_TEST_SUITE_P(LateListings, CrashTest, tests::a_late_storage());

}  // namespace
}  // namespace store
