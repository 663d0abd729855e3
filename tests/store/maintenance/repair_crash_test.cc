// A repair that crashes or fails at every operation in turn: everything readable before is readable
// after it, no byte of a damaged pack is lost, and the next repair has the same result as an
// undisturbed one.
#include <cstdlib>
#include <filesystem>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "store/format/layout.h"
#include "store/format/pack.h"
#include "store/index/index.h"
#include "store/index/read_commits.h"
#include "store/keys/key_slot.h"
#include "store/maintenance/reindex.h"
#include "store/maintenance/repair.h"
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

class RepairCrashTest : public testing::Test {
 protected:
  RepairCrashTest() {
    location_ = {.store = "/simulated/store",
                 .index = directory_.path() / "index",
                 .key_file = "/simulated/store.key"};
    files_ = std::make_unique<SimulatedFileSystem>();
    init(location_, *files_, clock_);
    back_up("alice", 0, 4);
    back_up("bob", 2, 4);
    back_up("carol", 20, 2);
  }

  void back_up(const std::string& account, unsigned first, unsigned count) {
    Writer writer = Writer::open(location_, *files_, clock_);
    FolderDraft draft(folder_named("INBOX"));
    for (unsigned i = 0; i < count; ++i) {
      const StoredMessage stored = add_message(writer, sample_message(first + i));
      draft.put(entry_of(i + 1, stored), stored.digest);
      all_.insert(stored.id);
    }
    SnapshotDraft snapshot;
    snapshot.account = account;
    snapshot.time = std::chrono::sys_seconds(std::chrono::seconds(100));
    snapshot.folders = {writer.seal(draft)};
    writer.add_snapshot(snapshot);
    writer.commit();
    for (const auto& [path, bytes] : files_->files_below(packs_directory(location_))) {
      packs_.try_emplace(account, path);
      if (!known_.insert(path).second) continue;
      packs_[account] = path;
    }
  }

  void flip(const std::string& account, std::size_t place) {
    const base::Path& path = packs_.at(account);
    base::Bytes bytes = files_->files_below(packs_directory(location_)).at(path);
    bytes.at(place) ^= std::byte{1};
    files_->overwrite(path, bytes);
    damaged_bytes_.insert(bytes);
  }

  std::size_t place_of(const std::string& account, Stream stream) {
    const BlockContext context = open_keys(location_, *files_);
    Decompressor decompressor;
    const Pack pack =
        PackFile(files_->open(packs_.at(account)), "pack").read_trailer(context, {}, decompressor);
    for (const BlockEntry& block : pack.blocks) {
      if (block.stream == stream) return block.place + BlockHeader::kSize + 3;
    }
    ADD_FAILURE() << "no such block";
    return 0;
  }

  // alice's attachments are lost, and with them part of bob's mail; carol's pack loses only its
  // trailer.
  void damage() {
    flip("alice", place_of("alice", Stream::kBinaries));
    flip("carol",
         files_->files_below(packs_directory(location_)).at(packs_.at("carol")).size() - 60);
  }

  std::set<MessageId> readable() {
    Reader reader = Reader::open(location_, *files_);
    std::set<MessageId> found;
    for (const MessageId& id : all_) {
      try {
        reader.read_message(id);
        found.insert(id);
      } catch (const base::Error& error) {
        EXPECT_THAT(error.code(),
                    testing::AnyOf(base::ErrorCode::kDamaged, base::ErrorCode::kNotFound))
            << error.what();
      }
    }
    return found;
  }

  std::set<std::string> accounts() {
    const std::vector<std::string> names = Reader::open(location_, *files_).accounts();
    return {names.begin(), names.end()};
  }

  void expect_no_byte_is_gone() {
    std::set<base::Bytes> found;
    for (const base::Path& directory :
         {packs_directory(location_), quarantine_directory(location_)}) {
      for (const auto& [path, bytes] : files_->files_below(directory)) found.insert(bytes);
    }
    for (const base::Bytes& bytes : damaged_bytes_) EXPECT_TRUE(found.contains(bytes));
  }

  static std::set<MessageId> lost_of(const RepairReport& report) {
    std::set<MessageId> lost;
    for (const DamagedMessage& message : report.after.damaged_messages) lost.insert(message.id);
    return lost;
  }

  // First, everything that was readable is readable by the next program. Then the repair is run
  // again, to its end.
  void check_after(const std::set<MessageId>& before, const std::string& trace) {
    SCOPED_TRACE(trace);
    try {
      if (!before.empty()) {
        {
          const Writer next = Writer::open(location_, *files_, clock_);
        }
        const std::set<MessageId> now = readable();
        for (const MessageId& id : before) EXPECT_TRUE(now.contains(id)) << "a message is gone";
      }
      expect_no_byte_is_gone();
      const RepairReport report = repair(location_, *files_, clock_);
      EXPECT_EQ(lost_, lost_of(report));
      EXPECT_THAT(report.after.damage, IsEmpty());
      EXPECT_EQ(after_, readable());
      EXPECT_THAT(accounts(), testing::ElementsAre("alice", "bob", "carol"));
      expect_no_byte_is_gone();
    } catch (const base::Error& error) {
      ADD_FAILURE() << error.what();
    }
  }

  void try_repair() {
    try {
      repair(location_, *files_, clock_);
    } catch (const base::Error& error) {
      EXPECT_THAT(error.code(), testing::AnyOf(base::ErrorCode::kIo, base::ErrorCode::kNoSpace))
          << error.what();
    }
  }

  // One undisturbed repair. Returns the number of its operations, and reverts everything.
  std::uint64_t measure() {
    damage();
    keep_index();
    origin_ = files_->copy();
    before_ = readable();
    files_ = origin_->copy();
    const RepairReport report = repair(location_, *files_, clock_);
    lost_ = lost_of(report);
    after_ = readable();
    EXPECT_FALSE(lost_.empty());
    EXPECT_GT(after_.size(), before_.size() - 1);
    return files_->operations();
  }

  void begin_again() {
    files_ = origin_->copy();
    fs::remove_all(location_.index);
    fs::copy(directory_.path() / "kept", location_.index, fs::copy_options::recursive);
  }
  void keep_index() {
    fs::copy(location_.index, directory_.path() / "kept", fs::copy_options::recursive);
  }

  tests::TemporaryDirectory directory_;
  Location location_;
  TestClock clock_;
  std::unique_ptr<SimulatedFileSystem> files_;
  std::unique_ptr<SimulatedFileSystem> origin_;
  std::set<base::Path> known_;
  std::map<std::string, base::Path> packs_;
  std::set<MessageId> all_;
  std::set<base::Bytes> damaged_bytes_;
  std::set<MessageId> before_;
  std::set<MessageId> after_;
  std::set<MessageId> lost_;
  std::mt19937 random_{20'261'124};
};

TEST_F(RepairCrashTest, ACrashAnywhereLosesNothingReadable) {
  const std::uint64_t last = measure();
  ASSERT_GT(last, 20U);
  std::size_t cases = 0;
  tests::Sample sample(17);
  for (std::uint64_t operation = 1; operation <= last; ++operation) {
    for (const Survival survival :
         {Survival::kNothing, Survival::kEverything, Survival::kAnything}) {
      for (const bool index_lost : {false, true}) {
        if (!sample.takes_next()) continue;
        ++cases;
        begin_again();
        files_->fail_for_good_from(operation, Fault::kIo);
        try_repair();
        files_ = files_->after_crash(survival, random_);
        if (index_lost) fs::remove_all(location_.index);
        // Without the index, a lost trailer hides its pack's messages until the repair.
        const std::set<MessageId> expected = index_lost ? std::set<MessageId>() : before_;
        check_after(expected, fmt::format("operation {}, survival {}, index lost: {}", operation,
                                          static_cast<int>(survival), index_lost));
        if (HasFailure()) return;
      }
    }
  }
  EXPECT_GT(cases, last / 3);
}

TEST_F(RepairCrashTest, AFailedOperationLosesNothingReadable) {
  const std::uint64_t last = measure();
  tests::Sample sample(37);
  for (const FailedOperation& failed : failures_up_to(last)) {
    for (const bool crashes : {false, true}) {
      if (!sample.takes_next()) continue;
      begin_again();
      failed.arrange(*files_);
      try_repair();
      files_->stop_failing();
      if (crashes) files_ = files_->after_crash(Survival::kAnything, random_);
      check_after(before_, fmt::format("{}, crashes: {}", failed.text(), crashes));
      if (HasFailure()) return;
    }
  }
}

// The commit of a second snapshot of carol, with nothing new in it, can't be read, and catching up
// with the loss of another pack rebuilds the index without it.
TEST_F(RepairCrashTest, ACrashAnywhereLosesNothingThatOnlyTheIndexKnew) {
  {
    Writer writer = Writer::open(location_, *files_, clock_);
    Reader reader = Reader::open(location_, *files_);
    SnapshotDraft unchanged;
    unchanged.account = "carol";
    unchanged.time = std::chrono::sys_seconds(std::chrono::seconds(200));
    unchanged.folders = reader.folders(reader.newest_snapshot("carol").value());
    writer.add_snapshot(unchanged);
    writer.commit();
  }
  for (const auto& [path, bytes] : files_->files_below(packs_directory(location_))) {
    if (!known_.contains(path)) packs_["carol, unchanged"] = path;
  }
  flip("carol, unchanged", place_of("carol, unchanged", Stream::kManifests));
  files_->lose(packs_.at("alice"));
  keep_index();
  origin_ = files_->copy();
  files_ = origin_->copy();
  // Without the amended ones that a repair adds.
  const auto snapshots_of_carol = [&] {
    std::set<std::uint64_t> found;
    for (const SnapshotInfo& snapshot : Reader::open(location_, *files_).snapshots("carol")) {
      if (snapshot.status == SnapshotStatus::kComplete) found.insert(snapshot.sequence);
    }
    return found;
  };
  repair(location_, *files_, clock_);
  ASSERT_THAT(snapshots_of_carol(), testing::ElementsAre(1U, 2U));
  const std::uint64_t last = files_->operations();
  tests::Sample sample(13);
  for (std::uint64_t operation = 1; operation <= last; ++operation) {
    for (const Survival survival : {Survival::kNothing, Survival::kEverything}) {
      if (!sample.takes_next()) continue;
      SCOPED_TRACE(fmt::format("operation {}, survival {}", operation, static_cast<int>(survival)));
      begin_again();
      files_->fail_for_good_from(operation, Fault::kIo);
      try_repair();
      files_ = files_->after_crash(survival, random_);
      repair(location_, *files_, clock_);
      EXPECT_THAT(snapshots_of_carol(), testing::ElementsAre(1U, 2U));
      expect_no_byte_is_gone();
      if (HasFailure()) return;
    }
  }
}

class ReindexCrashTest : public RepairCrashTest {
 protected:
  void check_all() {
    { Writer next = Writer::open(location_, *files_, clock_); }
    EXPECT_EQ(all_, readable());
    EXPECT_THAT(accounts(), testing::ElementsAre("alice", "bob", "carol"));
    CheckOptions options;
    options.depth = CheckDepth::kReadData;
    EXPECT_TRUE(check(location_, *files_, options).is_intact());
  }
};

TEST_F(ReindexCrashTest, AFailedReindexIsCompletedByTheNextRun) {
  keep_index();
  // The marks are lost with the index's directory, and if the key file comes from a copy.
  for (const auto& [path, bytes] : files_->files_below(location_.index.parent_path())) {
    if (path == highest_commit_file(location_) || path.string().ends_with(".commit")) {
      files_->lose(path);
    }
  }
  origin_ = files_->copy();
  files_ = origin_->copy();
  reindex(location_, *files_);
  const std::uint64_t last = files_->operations();
  ASSERT_GT(last, 5U);
  tests::Sample sample(7);  // of few operations
  for (const FailedOperation& failed : failures_up_to(last)) {
    for (const Survival survival :
         {Survival::kNothing, Survival::kEverything, Survival::kAnything}) {
      if (!sample.takes_next()) continue;
      SCOPED_TRACE(fmt::format("{}, survival {}", failed.text(), static_cast<int>(survival)));
      begin_again();
      failed.arrange(*files_);
      try {
        reindex(location_, *files_);
      } catch (const base::Error& error) {
        EXPECT_THAT(error.code(), testing::AnyOf(base::ErrorCode::kIo, base::ErrorCode::kNoSpace));
      }
      files_->stop_failing();
      files_ = files_->after_crash(survival, random_);
      check_all();
      if (HasFailure()) return;
    }
  }
}

// Killed between two packs: the index has some of them.
TEST_F(ReindexCrashTest, APartialIndexIsCompletedByTheNextRun) {
  const BlockContext context = open_keys(location_, *files_);
  const std::vector<std::string> names = files_->list(packs_directory(location_));
  for (unsigned chosen = 0; chosen < 1U << names.size(); ++chosen) {
    SCOPED_TRACE(chosen);
    fs::remove(index_file(location_));
    fs::remove(index_file(location_).string() + "-wal");
    fs::remove(index_file(location_).string() + "-shm");
    {
      Index index = Index::open(index_file(location_), context.store);
      Decompressor decompressor;
      for (std::size_t i = 0; i < names.size(); ++i) {
        if ((chosen >> i & 1U) == 0) continue;
        PackFile file(files_->open(packs_directory(location_) / names[i]), names[i]);
        const PackName name{ObjectId::from_hex(names[i])->bytes};
        const Pack pack = file.read_trailer(context, name, decompressor);
        index.add(pack, read_commits(file, pack, context, decompressor), context.keys);
      }
    }
    check_all();
  }
}

}  // namespace
}  // namespace store
