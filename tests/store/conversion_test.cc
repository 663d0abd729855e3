// Stores as mailstow 4062cab wrote them (poisoned_store.h) are converted by the first writer that
// opens them, by one checkpoint: whatever happens meanwhile, they restore the same bytes.
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <random>
#include <string>
#include <tuple>

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/atomic_file.h"
#include "base/error.h"
#include "store/format/layout.h"
#include "store/index/index.h"
#include "store/keys/key_slot.h"
#include "store/maintenance/check.h"
#include "store/maintenance/prune.h"
#include "store/maintenance/reindex.h"
#include "store/maintenance/repair.h"
#include "store/write_session.h"
#include "tests/long_run.h"
#include "tests/store/older_store.h"
#include "tests/store/poisoned/poisoned_store.h"
#include "tests/store/simulated_file_system.h"
#include "tests/store/store_fixture.h"
#include "tests/text_of.h"

namespace store {
namespace {

using testing::IsEmpty;
using tests::Fault;
using tests::SimulatedFileSystem;
using tests::Survival;

namespace fs = std::filesystem;

// Every message by its account, the time and sequence of its snapshot, its folder and UID.
using MessagesOfStore =
    std::map<std::tuple<std::string, std::int64_t, std::uint64_t, std::string, std::uint32_t>,
             std::string>;

MessagesOfStore everything_in(Reader& reader) {
  MessagesOfStore content;
  for (const std::string& account : reader.accounts()) {
    for (const SnapshotInfo& snapshot : reader.snapshots(account)) {
      for (const FolderRecord& folder : reader.folders(snapshot)) {
        reader.for_each_message(folder, [&](const MessageEntry& entry) {
          content[{account, snapshot.time.time_since_epoch().count(), snapshot.sequence,
                   folder.info.raw_name, entry.uid.value}] =
              base::to_text(reader.read_message(entry.message).bytes());
        });
      }
    }
  }
  return content;
}

struct StoreFormat {
  std::uint64_t version = 0;
  std::uint64_t commits = 0;  // the number of the newest
};

StoreFormat format_at(const Location& location, base::FileSystem& files) {
  Index index = Index::open_read_only(index_file(location), open_keys(location, files).store);
  return {.version = format_of(index.extensions()), .commits = index.highest_commit().number};
}

class ConversionTest : public StoreFixture {
 protected:
  // There are three nights of two accounts in it, and a fourth with a long prefix.
  ConversionTest() { unpack("prefix"); }

  void unpack(const std::string& kind) {
    fs::remove_all(directory_ / "unpacked");
    fs::create_directory(directory_ / "unpacked");
    tests::unpack_poisoned(kind, directory_ / "unpacked");
    location_ = {.store = directory_ / "unpacked" / "store",
                 .index = directory_ / "unpacked" / "index",
                 .key_file = directory_ / "unpacked" / "store.key"};
    EXPECT_THAT(reindex(location_, files_).damage, IsEmpty());
  }

  MessagesOfStore content() {
    Reader reader = open_reader();
    return everything_in(reader);
  }

  // As on another machine, which indexes the store itself.
  Location copy_of_store(const std::string& name) {
    const base::Path to = directory_ / name;
    fs::create_directory(to);
    fs::copy(location_.store, to / "store", fs::copy_options::recursive);
    fs::copy_file(location_.key_file, to / "store.key");
    return {.store = to / "store", .index = to / "index", .key_file = to / "store.key"};
  }

  void expect_intact() {
    CheckOptions options;
    options.depth = CheckDepth::kReadData;
    EXPECT_TRUE(check(location_, files_, options).is_intact());
  }
};

TEST_F(ConversionTest, TheFirstWriterConvertsEachStoreByOneCommit) {
  for (const char* const kind : tests::kPoisonedStores) {
    SCOPED_TRACE(kind);
    unpack(kind);
    const MessagesOfStore before = content();
    ASSERT_FALSE(before.empty());
    const StoreFormat old = format_at(location_, files_);
    EXPECT_EQ(old.version, 1U);
    const Location untouched = copy_of_store(std::string("untouched-") + kind);
    for (int opening = 0; opening < 2; ++opening) {
      EXPECT_THAT(open_writer().damage(), IsEmpty());
      EXPECT_EQ(format_at(location_, files_).version, kStoreFormat);
      EXPECT_EQ(format_at(location_, files_).commits, old.commits + 1) << "once";
    }
    expect_intact();
    EXPECT_TRUE(content() == before);
    // Side by side, each with an index made from its packs.
    EXPECT_THAT(reindex(untouched, files_).damage, IsEmpty());
    fs::remove_all(location_.index);
    EXPECT_THAT(reindex(location_, files_).damage, IsEmpty());
    EXPECT_TRUE(content() == before);
    Reader of_untouched = Reader::open(untouched, files_);
    EXPECT_TRUE(everything_in(of_untouched) == before);
    EXPECT_EQ(format_at(untouched, files_).version, 1U) << "readers write nothing";
  }
}

TEST_F(ConversionTest, AnIndexOfThatVersionIsConvertedWithTheStore) {
  const MessagesOfStore before = content();
  make_index_of_version_1(index_file(location_));
  EXPECT_TRUE(content() == before);
  EXPECT_THAT(open_writer().damage(), IsEmpty());
  EXPECT_EQ(format_at(location_, files_).version, kStoreFormat);
  EXPECT_TRUE(content() == before);
  expect_intact();
}

// Until then its sequences followed from the times.
TEST_F(ConversionTest, TheCheckpointRecordsTheSequences) {
  open_writer();
  const SnapshotInfo newest = open_reader().newest_snapshot("good").value();
  EXPECT_EQ(newest.sequence, 4U);
  // The same account, dated before all others.
  const SnapshotInfo made = back_up_at(newest.time - std::chrono::days(365), "good", samples(0, 1));
  EXPECT_EQ(made.sequence, 5U);
  fs::remove_all(location_.index);
  EXPECT_THAT(reindex(location_, files_).damage, IsEmpty());
  EXPECT_EQ(open_reader().newest_snapshot("good").value().id, made.id);
  expect_intact();
}

TEST_F(ConversionTest, APruneConvertsByItsOwnCheckpoint) {
  const MessagesOfStore before = content();
  const std::uint64_t commits = format_at(location_, files_).commits;
  PruneOptions options;
  options.mode = PruneMode::kPlan;
  prune(location_, files_, clock_, options);
  EXPECT_EQ(format_at(location_, files_).commits, commits);
  options.mode = PruneMode::kCarryOut;
  options.limits.dead_percent = 0;
  const PruneReport report = prune(location_, files_, clock_, options);
  EXPECT_EQ(format_at(location_, files_).version, kStoreFormat);
  EXPECT_EQ(format_at(location_, files_).commits, commits + report.steps);
  EXPECT_TRUE(content() == before);
  expect_intact();
}

// A checkpoint replaces the commits that name what is missing.
TEST_F(ConversionTest, ADamagedStoreIsConvertedByItsRepair) {
  const Index::CommitRow first =
      Index::open_read_only(index_file(location_), open_keys(location_, files_).store)
          .commit_rows()
          .front();
  fs::remove(location_.store / "packs" / first.pack.hex());
  for (const bool is_index_lost : {false, true}) {
    SCOPED_TRACE(is_index_lost);
    if (is_index_lost) {
      fs::remove_all(location_.index);
      reindex(location_, files_);
    }
    open_writer();
    EXPECT_EQ(format_at(location_, files_).version, 1U);
    EXPECT_FALSE(check(location_, files_, {}).is_intact()) << "the damage is still known";
  }
  repair(location_, files_, clock_);
  EXPECT_EQ(format_at(location_, files_).version, kStoreFormat);
}

// On a file system that crashes at each operation of the first opening.
class ConversionCrashTest : public ConversionTest {
 protected:
  ConversionCrashTest() {
    simulated_ = {.store = "/simulated/store",
                  .index = directory_ / "simulated-index",
                  .key_file = "/simulated/store.key"};
    for (const base::Path& directory :
         {simulated_.store, packs_directory(simulated_), keys_directory(simulated_),
          trees_directory(simulated_), readers_directory(simulated_)}) {
      origin_.make_directory(directory);
    }
    for (const auto& entry : fs::recursive_directory_iterator(location_.store)) {
      if (!entry.is_regular_file()) continue;
      put(simulated_.store / fs::relative(entry.path(), location_.store), entry.path());
    }
    put(simulated_.key_file, location_.key_file);
    before_ = content();
  }

  void put(const base::Path& path, const base::Path& from) {
    const std::string text = tests::text_of(from);
    base::write_file(origin_, path, base::as_bytes(text), base::OnExisting::kReplace);
  }

  // The index that the older version left.
  void put_index() {
    fs::remove_all(simulated_.index);
    fs::create_directory(simulated_.index);
    fs::copy_file(index_file(location_), index_file(simulated_));
  }

  void open_first() { Writer::open(simulated_, *files_, clock_); }

  static std::ptrdiff_t packs_in(const SimulatedFileSystem& files) {
    return std::ranges::count_if(files.files_below("/simulated/store/packs"), [](const auto& file) {
      return !base::AtomicFile::is_temporary(file.first.filename().string());
    });
  }

  // The next opening completes the conversion.
  void expect_converted() {
    try {
      EXPECT_THAT(Writer::open(simulated_, *files_, clock_).damage(), IsEmpty());
      EXPECT_EQ(format_at(simulated_, *files_).version, kStoreFormat);
      Reader reader = Reader::open(simulated_, *files_);
      EXPECT_TRUE(everything_in(reader) == before_);
    } catch (const base::Error& error) {
      ADD_FAILURE() << error.what();
    }
  }

  Location simulated_;
  SimulatedFileSystem origin_;
  std::unique_ptr<SimulatedFileSystem> files_;
  MessagesOfStore before_;
  std::mt19937 random_{20'261'129};
};

TEST_F(ConversionCrashTest, EachCrashLeavesTheOldStoreOrTheNewOne) {
  const auto untouched = origin_.files_below(simulated_.store);
  put_index();
  files_ = origin_.copy();
  open_first();
  const std::uint64_t last = files_->operations();
  ASSERT_GT(last, 20U);
  const std::uint64_t commits = format_at(simulated_, *files_).commits;
  std::size_t old = 0;
  std::size_t converted = 0;
  tests::Sample sample(11);
  for (std::uint64_t operation = 1; operation <= last; ++operation) {
    for (const Survival survival :
         {Survival::kNothing, Survival::kEverything, Survival::kAnything}) {
      for (const bool is_index_lost : {false, true}) {
        if (!sample.takes_next()) continue;
        SCOPED_TRACE(fmt::format("operation {}, survival {}, index lost: {}", operation,
                                 static_cast<int>(survival), is_index_lost));
        put_index();
        files_ = origin_.copy();
        files_->fail_for_good_from(operation, Fault::kIo);
        try {
          open_first();
        } catch (const base::Error& error) {
          EXPECT_EQ(error.code(), base::ErrorCode::kIo) << error.what();
        }
        files_ = files_->after_crash(survival, random_);
        if (is_index_lost) fs::remove_all(simulated_.index);
        auto found = files_->files_below(simulated_.store);
        for (const auto& [path, bytes] : untouched) {
          ASSERT_TRUE(found[path] == bytes) << path << " is no longer what it was";
        }
        ++(packs_in(*files_) > packs_in(origin_) ? converted : old);
        expect_converted();
        EXPECT_EQ(format_at(simulated_, *files_).commits, commits);
        if (HasFailure()) return;
      }
    }
  }
  EXPECT_GT(old, 0U);
  EXPECT_GT(converted, 0U);
}

}  // namespace
}  // namespace store
