// A machine that only reads, with an index of its own, while another one backs up and prunes, and
// neither sees the other's locks.
#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/format/layout.h"
#include "store/history.h"
#include "store/maintenance/check.h"
#include "store/maintenance/prune.h"
#include "store/maintenance/reindex.h"
#include "tests/expect_error.h"
#include "tests/store/storage/model_storage.h"
#include "tests/store/store_fixture.h"

namespace store {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class OwnIndexTest : public StoreFixture {
 protected:
  OwnIndexTest() {
    location_.storage = model_;
    make_store();
    // The other machine has the key file, too.
    elsewhere_ = location_;
    elsewhere_.index = directory_ / "elsewhere-index";
    elsewhere_.has_own_index = true;
  }

  SnapshotInfo back_up(const std::string& account, const std::vector<std::string>& messages) {
    return back_up_at(next_ += std::chrono::hours(1), account, messages);
  }

  Reader open_elsewhere() { return Reader::open(elsewhere_, files_); }

  static std::vector<MessageId> messages_of(Reader& reader, const std::string& account) {
    std::vector<MessageId> ids;
    for (const FolderRecord& folder : reader.folders(reader.newest_snapshot(account).value())) {
      reader.for_each_message(folder, [&](const MessageEntry& e) { ids.push_back(e.message); });
    }
    return ids;
  }

  static std::vector<std::string> read(Reader& reader, const std::vector<MessageId>& ids) {
    std::vector<std::string> messages(ids.size());
    reader.read_messages(
        ids,
        [&](std::size_t position, const MessageBytes& message) {
          messages[position] = base::to_text(message.bytes());
        },
        [&](std::size_t position, const base::Error& why) {
          messages[position] = std::string("damaged: ") + why.what();
        });
    return messages;
  }

  // Rewrites every pack that has something dead, and deletes the old ones at once.
  void prune_all(const std::set<ObjectId>& drop) {
    PruneOptions options;
    options.drop = drop;
    options.grace = std::chrono::seconds(0);
    options.limits.dead_percent = 0;
    prune(location_, files_, clock_, options);
    options.drop.clear();
    EXPECT_GE(prune(location_, files_, clock_, options).deleted, 3U);
  }

  std::set<std::string> stored_packs() const {
    std::set<std::string> keys;
    for (const auto& [name, bytes] : model_->contents()) keys.insert(name.key());
    return keys;
  }

  std::shared_ptr<tests::ModelStorage> model_ = std::make_shared<tests::ModelStorage>();
  Location elsewhere_;
  std::chrono::sys_seconds next_{std::chrono::days(10'000)};
};

TEST_F(OwnIndexTest, EachReaderSeesWhatWasCommittedBefore) {
  EXPECT_THAT(open_elsewhere().accounts(), IsEmpty());
  back_up("alice", samples(0, 5));
  {
    Reader reader = open_elsewhere();
    EXPECT_THAT(reader.accounts(), ElementsAre("alice"));
    EXPECT_EQ(samples(0, 5), restore(reader, "alice", "INBOX"));
  }
  back_up("alice", samples(0, 7));
  back_up("bob", samples(20, 3));
  Reader reader = open_elsewhere();
  EXPECT_THAT(reader.snapshots("alice"), SizeIs(2));
  EXPECT_EQ(samples(0, 7), restore(reader, "alice", "INBOX"));
  EXPECT_EQ(samples(20, 3), restore(reader, "bob", "INBOX"));
  EXPECT_THAT(check(elsewhere_, files_, {}).damage, IsEmpty());
}

TEST_F(OwnIndexTest, NothingIsRequestedTwiceThatTheIndexHas) {
  back_up("alice", samples(0, 5));
  open_elsewhere();
  const std::uint64_t lists = model_->operations("list");
  const std::uint64_t all = model_->operations();
  open_elsewhere();
  EXPECT_EQ(lists + 3, model_->operations("list")) << "packs, key slots and commit records";
  EXPECT_EQ(all + 7, model_->operations()) << "and two copies of a key slot, and the next commits";
}

// The reader knows where everything was; then the packs are rewritten and deleted, and the listings
// in which it finds the new ones are late and incomplete.
TEST_F(OwnIndexTest, AReaderFindsWhatAPruneMovedMeanwhile) {
  for (unsigned round = 1; round <= 8; ++round) {
    const std::vector<std::string> alices = samples(0, 5 * round);
    const SnapshotInfo dropped = back_up("bob", samples(1'000 + 10 * round, 5));
    back_up("alice", alices);
    Reader reader = open_elsewhere();
    const std::vector<MessageId> ids = messages_of(reader, "alice");
    ASSERT_THAT(ids, SizeIs(alices.size()));
    const std::set<std::string> before = stored_packs();

    prune_all({dropped.id});
    const std::set<std::string> after = stored_packs();
    std::vector<std::string> gone;
    std::ranges::set_difference(before, after, std::back_inserter(gone));
    ASSERT_THAT(gone, SizeIs(testing::Ge(2U))) << "bob's and alice's";

    model_->set_faults({.seed = round, .late_listings = 2, .missing_names = 30});
    EXPECT_EQ(alices, read(reader, ids)) << "round " << round;
    model_->stop_failing();
    EXPECT_EQ(alices, restore(reader, "alice", "INBOX"));
    Reader next = open_elsewhere();
    EXPECT_THAT(next.accounts(), ElementsAre("alice"));
    EXPECT_EQ(alices, restore(next, "alice", "INBOX"));
  }
}

TEST_F(OwnIndexTest, AnotherReadersCatchUpDisturbsNothing) {
  const SnapshotInfo dropped = back_up("bob", samples(1'000, 5));
  back_up("alice", samples(0, 5));
  Reader reader = open_elsewhere();
  const std::vector<MessageId> ids = messages_of(reader, "alice");
  prune_all({dropped.id});
  open_elsewhere();
  EXPECT_EQ(samples(0, 5), read(reader, ids));
}

TEST_F(OwnIndexTest, AReaderFindsListsThatAPruneMovedMeanwhile) {
  const SnapshotInfo dropped = back_up("bob", samples(1'000, 5));
  back_up("alice", samples(0, 5));
  const SnapshotInfo newest = back_up("alice", samples(0, 3));
  Reader lists = open_elsewhere();
  Reader changes = open_elsewhere();
  prune_all({dropped.id});
  EXPECT_THAT(lists.folders(newest), SizeIs(1));
  EXPECT_THAT(messages_of(lists, "alice"), SizeIs(3));
  std::size_t vanished = 0;
  for_each_change(changes, "alice", std::nullopt,
                  [&](const FolderChange& change) { vanished += change.vanished.size(); });
  EXPECT_EQ(2U, vanished);
}

// Each five messages are in a pack of their own, and only the next block is read ahead.
TEST_F(OwnIndexTest, AnExportGoesOnWhileAPruneMovesTheRest) {
  const SnapshotInfo dropped = back_up("bob", samples(1'000, 5));
  for (unsigned count = 5; count <= 25; count += 5) back_up("alice", samples(0, count));
  Reader reader = open_elsewhere();
  const std::vector<MessageId> ids = messages_of(reader, "alice");
  std::vector<std::string> messages(ids.size());
  bool has_pruned = false;
  reader.read_messages(
      ids,
      [&](std::size_t position, const MessageBytes& message) {
        if (!std::exchange(has_pruned, true)) prune_all({dropped.id});
        messages[position] = base::to_text(message.bytes());
      },
      [&](std::size_t position, const base::Error& why) {
        messages[position] = std::string("damaged: ") + why.what();
      });
  EXPECT_TRUE(has_pruned);
  EXPECT_EQ(samples(0, 25), messages);
}

TEST_F(OwnIndexTest, ACheckFindsWhatAPruneMovedMeanwhile) {
  const SnapshotInfo dropped = back_up("bob", samples(1'000, 5));
  for (unsigned count = 5; count <= 15; count += 5) back_up("alice", samples(0, count));
  for (const CheckDepth depth : {CheckDepth::kReadData, CheckDepth::kQuick}) {
    SCOPED_TRACE(depth == CheckDepth::kQuick);
    CheckOptions options;
    options.depth = depth;
    options.threads = 1;
    bool has_pruned = depth == CheckDepth::kQuick;  // the other one has
    options.progress = [&](const CheckProgress&) {
      if (!std::exchange(has_pruned, true)) prune_all({dropped.id});
    };
    const CheckReport report = check(elsewhere_, files_, options);
    EXPECT_TRUE(has_pruned);
    EXPECT_THAT(report.damage, IsEmpty());
    EXPECT_THAT(report.damaged_messages, IsEmpty());
    EXPECT_EQ(3U, report.snapshots);
    EXPECT_EQ(15U, report.messages);
  }
}

TEST_F(OwnIndexTest, ACheckReportsAPackThatIsReallyGone) {
  back_up("alice", samples(0, 5));
  const std::set<std::string> alices = stored_packs();
  back_up("carol", samples(25, 5));
  open_elsewhere();
  for (const std::string& key : alices) {
    EXPECT_THAT(model_->remove(std::vector{BlobName(kPacksArea, key)}), IsEmpty());
  }
  CheckOptions options;
  options.depth = CheckDepth::kReadData;
  const CheckReport report = check(elsewhere_, files_, options);
  EXPECT_FALSE(report.is_intact());
  EXPECT_FALSE(report.is_index_wrong) << "it keeps what the lost commit said";
}

// Within the grace period, whatever other programs on the reader's machine do.
TEST_F(OwnIndexTest, ADroppedSnapshotCanBeReadUntilItsPacksAreDeleted) {
  const std::vector<std::string> bobs = samples(1'000, 5);
  const SnapshotInfo dropped = back_up("bob", bobs);
  back_up("alice", samples(0, 5));
  Reader reader = open_elsewhere();
  const std::vector<MessageId> ids = messages_of(reader, "bob");
  PruneOptions options;
  options.limits.dead_percent = 0;
  options.drop = {dropped.id};
  EXPECT_GT(prune(location_, files_, clock_, options).condemned, 0U);
  options.drop.clear();
  for (unsigned round = 1; round <= 3; ++round) {
    SCOPED_TRACE(round);
    EXPECT_THAT(open_elsewhere().accounts(), ElementsAre("alice"));
    EXPECT_EQ(bobs, read(reader, ids));
    EXPECT_THAT(reader.folders(dropped), SizeIs(1));
    back_up("alice", samples(0, 5 + round));
    prune(location_, files_, clock_, options);
  }
  clock_.moment += std::chrono::hours(48);
  EXPECT_GT(prune(location_, files_, clock_, options).deleted, 0U);
  for (unsigned opening = 1; opening <= 2; ++opening) {
    SCOPED_TRACE(opening);
    EXPECT_THAT(check(elsewhere_, files_, {}).damage, IsEmpty());
  }
  EXPECT_THAT(read(reader, ids), Each(HasSubstr("damaged: ")));
  Reader next = open_elsewhere();
  EXPECT_EQ(samples(0, 8), restore(next, "alice", "INBOX"));
}

// Two hosts that write in turns, each with an index of its own.
TEST_F(OwnIndexTest, AWriterForgetsWhatAnotherHostDeleted) {
  const SnapshotInfo dropped = back_up("bob", samples(1'000, 5));
  back_up("alice", samples(0, 5));
  PruneOptions options;
  options.limits.dead_percent = 0;
  options.drop = {dropped.id};
  EXPECT_GT(prune(location_, files_, clock_, options).condemned, 0U);
  options.drop.clear();
  clock_.moment += std::chrono::hours(48);
  Location other = location_;
  other.index = directory_ / "other-index";
  EXPECT_GT(prune(other, files_, clock_, options).deleted, 0U);
  for (unsigned opening = 1; opening <= 2; ++opening) {
    SCOPED_TRACE(opening);
    EXPECT_THAT(open_writer().damage(), IsEmpty());
    EXPECT_THAT(check(location_, files_, {}).damage, IsEmpty());
  }
}

TEST_F(OwnIndexTest, AReindexRebuildsTheIndexOfReadersAndNeedsNoLock) {
  back_up("alice", samples(0, 5));
  open_elsewhere();
  std::ofstream(index_file(elsewhere_), std::ios::trunc) << "this is no database at all";
  EXPECT_ERROR(kDamaged, "mailstow-backupd reindex", open_elsewhere());
  std::filesystem::create_directories(past_indexes_directory(elsewhere_) / "1-0011223344556677");
  const Writer writer = open_writer();
  const ReindexReport report = reindex(elsewhere_, files_);
  EXPECT_THAT(report.damage, IsEmpty());
  EXPECT_EQ(1U, report.packs);
  EXPECT_EQ(5U, report.messages);
  EXPECT_FALSE(std::filesystem::exists(new_readers_index(elsewhere_)));
  EXPECT_FALSE(std::filesystem::exists(past_indexes_directory(elsewhere_)));
  Reader reader = open_elsewhere();
  EXPECT_EQ(samples(0, 5), restore(reader, "alice", "INBOX"));
}

TEST_F(OwnIndexTest, APackThatIsReallyGoneIsReportedAfterAFewLooks) {
  back_up("alice", samples(0, 5));
  const std::set<std::string> alices = stored_packs();
  back_up("carol", samples(25, 5));
  Reader reader = open_elsewhere();
  const std::vector<MessageId> lost = messages_of(reader, "alice");
  const std::vector<MessageId> others = messages_of(reader, "carol");
  for (const std::string& key : alices) {
    EXPECT_THAT(model_->remove(std::vector{BlobName(kPacksArea, key)}), IsEmpty());
  }
  const std::uint64_t lists = model_->operations("list");
  EXPECT_THAT(read(reader, lost), Each(HasSubstr("damaged: ")));
  EXPECT_GT(model_->operations("list"), lists);
  EXPECT_LE(model_->operations("list"), lists + 20);
  EXPECT_EQ(samples(25, 5), read(reader, others));
}

TEST_F(OwnIndexTest, AStorageThatCantBeReachedIsNoDamage) {
  back_up("alice", samples(0, 5));
  Reader reader = open_elsewhere();
  const std::vector<MessageId> ids = messages_of(reader, "alice");
  model_->fail_every(1, tests::StorageFault::kRefused);
  EXPECT_ERROR(kStorage, "the model refuses it", reader.read_message(ids.front()));
  model_->stop_failing();
  EXPECT_EQ(samples(0, 5), read(reader, ids));
}

TEST_F(OwnIndexTest, ReadersAndWritersDontShareAnIndex) {
  back_up("alice", samples(0, 5));
  open_elsewhere();
  Location mistaken = location_;
  mistaken.has_own_index = true;
  EXPECT_ERROR(kConfig, "backups use it, so store.own_index is wrong",
               Reader::open(mistaken, files_));
  mistaken = elsewhere_;
  mistaken.has_own_index = false;
  EXPECT_ERROR(kConfig, "it is one of programs that only read",
               Writer::open(mistaken, files_, clock_));
  EXPECT_THAT(open_writer().damage(), IsEmpty());
}

}  // namespace
}  // namespace store
