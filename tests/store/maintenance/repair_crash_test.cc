// A repair that crashes or fails at every operation in turn, on files and on object storage:
// everything readable before is readable after it, no byte of a damaged pack is lost, and the next
// repair has the same result as an undisturbed one.
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
#include "tests/store/storage/crash_site.h"
#include "tests/store/store_fixture.h"
#include "tests/temporary_directory.h"

namespace store {
namespace {

using testing::IsEmpty;

namespace fs = std::filesystem;

class RepairCrashFixture : public testing::Test {
 protected:
  explicit RepairCrashFixture(tests::HeldBy held_by = tests::HeldBy::kDirectory) : site_(held_by) {
    location_ = {.store = "/simulated/store",
                 .index = directory_.path() / "index",
                 .key_file = "/simulated/store.key",
                 .storage = site_.storage()};
    init(location_, site_.files(), clock_);
    back_up("alice", 0, 4);
    back_up("bob", 2, 4);
    back_up("carol", 20, 2);
  }

  void back_up(const std::string& account, unsigned first, unsigned count) {
    Writer writer = Writer::open(location_, site_.files(), clock_);
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
    note_pack(account);
  }

  // The newest one.
  void note_pack(const std::string& account) {
    for (const BlobName& pack : stored().names_in(kPacksArea)) {
      if (known_.insert(pack).second) packs_.emplace(account, pack);
    }
  }

  tests::StoredBlobs stored() { return {location_, site_.files()}; }

  void flip(const std::string& account, std::size_t place) {
    const BlobName& pack = packs_.at(account);
    stored().flip(pack, place);
    damaged_bytes_.insert(stored().bytes(pack));
  }

  std::size_t place_of(const std::string& account, Stream stream) {
    return stored().place_in(packs_.at(account), stream);
  }

  // alice's attachments are lost, and with them part of bob's mail; carol's pack loses only its
  // trailer.
  void damage() {
    flip("alice", place_of("alice", Stream::kBinaries));
    flip("carol", stored().size(packs_.at("carol")) - 60);
  }

  std::set<MessageId> readable() {
    Reader reader = Reader::open(location_, site_.files());
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
    const std::vector<std::string> names = Reader::open(location_, site_.files()).accounts();
    return {names.begin(), names.end()};
  }

  void expect_no_byte_is_gone() {
    std::set<base::Bytes> found;
    for (const std::string_view area : {kPacksArea, kQuarantineArea}) {
      for (const auto& [name, bytes] : stored().in(area)) found.insert(bytes);
    }
    for (const base::Bytes& bytes : damaged_bytes_) EXPECT_TRUE(found.contains(bytes));
  }

  static std::set<MessageId> lost_of(const RepairReport& report) {
    std::set<MessageId> lost;
    for (const DamagedMessage& message : report.after.damaged_messages) lost.insert(message.id);
    return lost;
  }

  // A late listing may show a pack of the run that ended only when the repair has read all others.
  std::vector<std::string> without_late_packs(std::vector<std::string> damage) const {
    if (!site_.storage()) return damage;
    std::erase_if(damage, [](const std::string& line) {
      return line.find("the index does not know it") != std::string::npos;
    });
    return damage;
  }

  // First, everything that was readable is readable by the next program. Then the repair is run
  // again, to its end.
  void check_after(const std::set<MessageId>& before, const std::string& trace) {
    SCOPED_TRACE(trace);
    try {
      if (!before.empty()) {
        {
          const Writer next = Writer::open(location_, site_.files(), clock_);
        }
        const std::set<MessageId> now = readable();
        for (const MessageId& id : before) EXPECT_TRUE(now.contains(id)) << "a message is gone";
      }
      expect_no_byte_is_gone();
      const RepairReport report = repair(location_, site_.files(), clock_);
      EXPECT_EQ(lost_, lost_of(report));
      EXPECT_THAT(without_late_packs(report.after.damage), IsEmpty());
      EXPECT_EQ(after_, readable());
      EXPECT_THAT(accounts(), testing::ElementsAre("alice", "bob", "carol"));
      expect_no_byte_is_gone();
    } catch (const base::Error& error) {
      ADD_FAILURE() << error.what();
    }
  }

  void try_repair() {
    try {
      repair(location_, site_.files(), clock_);
    } catch (const base::Error& error) {
      EXPECT_THAT(error.code(), testing::AnyOf(base::ErrorCode::kIo, base::ErrorCode::kNoSpace,
                                               base::ErrorCode::kStorage))
          << error.what();
    }
  }

  // One undisturbed repair. Returns the number of its operations, and reverts everything.
  std::uint64_t measure() {
    damage();
    keep();
    before_ = readable();
    site_.begin_again();
    const RepairReport report = repair(location_, site_.files(), clock_);
    lost_ = lost_of(report);
    after_ = readable();
    EXPECT_FALSE(lost_.empty());
    EXPECT_GT(after_.size(), before_.size() - 1);
    return site_.operations();
  }

  // The state in which each repair begins.
  void keep() {
    fs::copy(location_.index, directory_.path() / "kept", fs::copy_options::recursive);
    site_.keep();
  }
  void begin_again() {
    fs::remove_all(location_.index);
    fs::copy(directory_.path() / "kept", location_.index, fs::copy_options::recursive);
    site_.begin_again();
  }

  // A repair takes several times as many requests as operations on files.
  tests::Sample sample(unsigned of_files, unsigned of_requests) const {
    return tests::Sample(site_.storage() ? of_requests : of_files);
  }

  tests::TemporaryDirectory directory_;
  Location location_;
  TestClock clock_;
  tests::CrashSite site_;
  std::set<BlobName> known_;
  std::map<std::string, BlobName> packs_;
  std::set<MessageId> all_;
  std::set<base::Bytes> damaged_bytes_;
  std::set<MessageId> before_;
  std::set<MessageId> after_;
  std::set<MessageId> lost_;
};

class RepairCrashTest : public tests::OnEachStorage<RepairCrashFixture> {};

TEST_P(RepairCrashTest, ACrashAnywhereLosesNothingReadable) {
  const std::uint64_t last = measure();
  ASSERT_GT(last, 20U);
  std::size_t cases = 0;
  tests::Sample cases_tried = sample(17, 67);
  for (std::uint64_t operation = 1; operation <= last; ++operation) {
    for (std::size_t way = 0; way < site_.ways_to_end(); ++way) {
      for (const bool index_lost : {false, true}) {
        if (!cases_tried.takes_next()) continue;
        ++cases;
        begin_again();
        site_.end_at(operation, way);
        try_repair();
        site_.restart(way);
        if (index_lost) fs::remove_all(location_.index);
        // Without the index, a lost trailer hides its pack's messages until the repair.
        const std::set<MessageId> expected = index_lost ? std::set<MessageId>() : before_;
        check_after(expected, fmt::format("operation {}, way {}, index lost: {}", operation, way,
                                          index_lost));
        if (HasFailure()) return;
      }
    }
  }
  EXPECT_GT(cases, last / (site_.storage() ? 17 : 3));
}

TEST_P(RepairCrashTest, AFailedOperationLosesNothingReadable) {
  const std::uint64_t last = measure();
  tests::Sample cases_tried = sample(37, 211);
  for (const tests::CrashSite::Failure& failure : site_.failures_up_to(last)) {
    for (const bool crashes : {false, true}) {
      if (!cases_tried.takes_next()) continue;
      begin_again();
      site_.arrange(failure);
      try_repair();
      site_.stop_failing();
      if (crashes) site_.restart_somehow();
      check_after(before_, fmt::format("{}, crashes: {}", failure.text(), crashes));
      if (HasFailure()) return;
    }
  }
}

// The commit of a second snapshot of carol, with nothing new in it, can't be read, and catching up
// with the loss of another pack rebuilds the index without it.
TEST_P(RepairCrashTest, ACrashAnywhereLosesNothingThatOnlyTheIndexKnew) {
  {
    Writer writer = Writer::open(location_, site_.files(), clock_);
    Reader reader = Reader::open(location_, site_.files());
    SnapshotDraft unchanged;
    unchanged.account = "carol";
    unchanged.time = std::chrono::sys_seconds(std::chrono::seconds(200));
    unchanged.folders = reader.folders(reader.newest_snapshot("carol").value());
    writer.add_snapshot(unchanged);
    writer.commit();
  }
  note_pack("carol, unchanged");
  flip("carol, unchanged", place_of("carol, unchanged", Stream::kManifests));
  stored().lose(packs_.at("alice"));
  keep();
  // Without the amended ones that a repair adds.
  const auto snapshots_of_carol = [&] {
    std::set<std::uint64_t> found;
    for (const SnapshotInfo& snapshot : Reader::open(location_, site_.files()).snapshots("carol")) {
      if (snapshot.status == SnapshotStatus::kComplete) found.insert(snapshot.sequence);
    }
    return found;
  };
  repair(location_, site_.files(), clock_);
  ASSERT_THAT(snapshots_of_carol(), testing::ElementsAre(1U, 2U));
  const std::uint64_t last = site_.operations();
  tests::Sample cases_tried = sample(13, 53);
  for (std::uint64_t operation = 1; operation <= last; ++operation) {
    for (const std::size_t way : {0U, 1U}) {
      if (!cases_tried.takes_next()) continue;
      SCOPED_TRACE(fmt::format("operation {}, way {}", operation, way));
      begin_again();
      site_.end_at(operation, way);
      try_repair();
      site_.restart(way);
      repair(location_, site_.files(), clock_);
      EXPECT_THAT(snapshots_of_carol(), testing::ElementsAre(1U, 2U));
      expect_no_byte_is_gone();
      if (HasFailure()) return;
    }
  }
}

class ReindexCrashFixture : public RepairCrashFixture {
 protected:
  using RepairCrashFixture::RepairCrashFixture;

  void check_all() {
    { Writer next = Writer::open(location_, site_.files(), clock_); }
    EXPECT_EQ(all_, readable());
    EXPECT_THAT(accounts(), testing::ElementsAre("alice", "bob", "carol"));
    CheckOptions options;
    options.depth = CheckDepth::kReadData;
    EXPECT_TRUE(check(location_, site_.files(), options).is_intact());
  }
};

class ReindexCrashTest : public tests::OnEachStorage<ReindexCrashFixture> {};

// Indexes are built in the order of the commits. With complete listings, any part of one will do.
class PartialIndexTest : public ReindexCrashFixture {};

TEST_P(ReindexCrashTest, AFailedReindexIsCompletedByTheNextRun) {
  // The marks are lost with the index's directory, and if the key file comes from a copy.
  for (const auto& [path, bytes] : site_.files().files_below(location_.index.parent_path())) {
    if (path == highest_commit_file(location_) || path.string().ends_with(".commit")) {
      site_.files().lose(path);
    }
  }
  keep();
  reindex(location_, site_.files());
  const std::uint64_t last = site_.operations();
  ASSERT_GT(last, 5U);
  tests::Sample cases_tried = sample(7, 19);
  for (const tests::CrashSite::Failure& failure : site_.failures_up_to(last)) {
    for (std::size_t way = 0; way < site_.ways_to_end(); ++way) {
      if (!cases_tried.takes_next()) continue;
      SCOPED_TRACE(fmt::format("{}, way {}", failure.text(), way));
      begin_again();
      site_.arrange(failure);
      try {
        reindex(location_, site_.files());
      } catch (const base::Error& error) {
        EXPECT_THAT(error.code(), testing::AnyOf(base::ErrorCode::kIo, base::ErrorCode::kNoSpace,
                                                 base::ErrorCode::kStorage));
      }
      site_.stop_failing();
      site_.restart(way);
      check_all();
      if (HasFailure()) return;
    }
  }
}

// Killed between two packs: the index has some of them.
TEST_F(PartialIndexTest, APartialIndexIsCompletedByTheNextRun) {
  const BlockContext context = open_keys(location_, site_.files());
  const std::vector<std::string> names = site_.files().list(packs_directory(location_));
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
        PackFile file(site_.files().open(packs_directory(location_) / names[i]), names[i]);
        const PackName name{ObjectId::from_hex(names[i])->bytes};
        const Pack pack = file.read_trailer(context, name, decompressor);
        index.add(pack, read_commits(file, pack, context, decompressor), context.keys);
      }
    }
    check_all();
  }
}

INSTANTIATE_TEST_SUITE_P(Directory, RepairCrashTest, tests::a_directory());
INSTANTIATE_TEST_SUITE_P(LateListings, RepairCrashTest, tests::a_late_storage());
INSTANTIATE_TEST_SUITE_P(Directory, ReindexCrashTest, tests::a_directory());
INSTANTIATE_TEST_SUITE_P(LateListings, ReindexCrashTest, tests::a_late_storage());

}  // namespace
}  // namespace store
