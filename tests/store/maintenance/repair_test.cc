#include "store/maintenance/repair.h"

#include <filesystem>
#include <fstream>
#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/format/layout.h"
#include "store/format/pack.h"
#include "store/index/index.h"
#include "store/keys/key_slot.h"
#include "store/maintenance/dropping.h"
#include "store/maintenance/prune.h"
#include "store/maintenance/reindex.h"
#include "store/tree_record.h"
#include "tests/expect_error.h"
#include "tests/store/store_fixture.h"

namespace store {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

namespace fs = std::filesystem;

class RepairTest : public StoreFixture {
 protected:
  RepairTest() { make_store(); }

  // Returns the pack that contains the backup.
  base::Path back_up(const std::string& account, unsigned first, unsigned count) {
    const std::vector<base::Path> before = packs();
    Writer writer = open_writer();
    add_snapshot(writer, account, {add_folder(writer, "INBOX", samples(first, count))});
    writer.commit();
    for (const base::Path& pack : packs()) {
      if (std::ranges::find(before, pack) == before.end()) return pack;
    }
    return {};
  }

  std::vector<BlockEntry> blocks_of(const base::Path& path) {
    const BlockContext context = open_keys(location_, files_);
    Decompressor decompressor;
    return PackFile(files_.open(path), "pack").read_trailer(context, {}, decompressor).blocks;
  }

  // Changes a byte inside the pack's first block of the stream.
  void damage_block(const base::Path& path, Stream stream) {
    for (const BlockEntry& block : blocks_of(path)) {
      if (block.stream == stream) return flip(path, block.place + BlockHeader::kSize + 5);
    }
    ADD_FAILURE() << "no such block";
  }

  static void flip(const base::Path& path, std::uint64_t place) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(static_cast<std::streamoff>(place));
    const auto byte = static_cast<char>(file.get() ^ 1);
    file.seekp(static_cast<std::streamoff>(place));
    file.put(byte);
  }

  RepairReport repair_all() { return repair(location_, files_, clock_); }

  CheckReport check_all() {
    CheckOptions options;
    options.depth = CheckDepth::kReadData;
    return check(location_, files_, options);
  }

  std::vector<std::string> restored(const std::string& account) {
    Reader reader = open_reader();
    return restore(reader, account, "INBOX");
  }

  std::vector<SkippedMessage> skipped(const std::string& account) {
    Reader reader = open_reader();
    return reader.folders(reader.newest_snapshot(account).value()).at(0).info.skipped;
  }

  // Repairs with a copy that turns up later. Returns the number of messages salvaged from it.
  std::uint64_t use_copy(const base::Path& copy, const base::Path& place) {
    fs::copy_file(copy, place, fs::copy_options::overwrite_existing);
    const RepairReport report = repair_all();
    EXPECT_TRUE(report.after.is_intact());
    // The snapshot before the amended one is complete.
    Reader reader = open_reader();
    EXPECT_EQ(5U, reader.snapshots("alice").at(0).messages);
    return report.salvaged_messages;
  }
};

TEST_F(RepairTest, AnIntactStoreIsLeftAlone) {
  back_up("alice", 0, 5);
  const std::vector<base::Path> before = packs();
  const RepairReport report = repair_all();
  EXPECT_THAT(report.found, IsEmpty());
  EXPECT_TRUE(report.after.is_intact());
  EXPECT_EQ(before, packs());
}

// Header, trailer and footer contain nothing that the blocks don't.
TEST_F(RepairTest, LosingAPacksHeaderOrTrailerLosesNothing) {
  for (const bool at_the_end : {false, true}) {
    const base::Path pack = back_up(at_the_end ? "alice" : "bob", at_the_end ? 0 : 5, 5);
    flip(pack, at_the_end ? fs::file_size(pack) - 100 : 20);
    const RepairReport report = repair_all();
    EXPECT_THAT(report.condemned, ElementsAre(pack.string()));
    EXPECT_THAT(report.quarantined, IsEmpty());
    EXPECT_TRUE(fs::exists(pack));
    EXPECT_EQ(5U, report.salvaged_messages);
    EXPECT_THAT(report.amended_accounts, IsEmpty());
    EXPECT_TRUE(report.after.is_intact());
    EXPECT_TRUE(check_all().is_intact());
  }
  EXPECT_EQ(samples(0, 5), restored("alice"));
  EXPECT_EQ(samples(5, 5), restored("bob"));
}

TEST_F(RepairTest, LosingTheIndexTooLosesNothing) {
  const base::Path pack = back_up("alice", 0, 5);
  flip(pack, fs::file_size(pack) - 100);
  fs::remove_all(location_.index);
  EXPECT_TRUE(repair_all().after.is_intact());
  EXPECT_EQ(samples(0, 5), restored("alice"));
}

TEST_F(RepairTest, LostMessagesAreNamedAndWillBeFetchedAgain) {
  const base::Path pack = back_up("alice", 0, 5);
  back_up("bob", 10, 3);
  damage_block(pack, Stream::kRecords);
  const RepairReport report = repair_all();
  EXPECT_THAT(report.amended_accounts, ElementsAre("alice"));
  EXPECT_EQ(5U, report.messages_to_fetch);
  // The snapshot that named them is history, and damaged; nothing else is.
  EXPECT_THAT(report.after.damage, IsEmpty());
  EXPECT_THAT(report.after.damaged_messages, SizeIs(5));
  EXPECT_THAT(restored("alice"), IsEmpty());
  EXPECT_THAT(skipped("alice"), SizeIs(5));
  EXPECT_EQ(samples(10, 3), restored("bob"));
}

TEST_F(RepairTest, RefetchedMessagesCompleteTheHistoryAgain) {
  const base::Path pack = back_up("alice", 0, 5);
  // Two records share parts: rebuilding those of the other pack needs parts of this one.
  back_up("bob", 0, 5);
  damage_block(pack, Stream::kBinaries);
  repair_all();
  EXPECT_FALSE(check_all().damaged_messages.empty());
  Writer writer = open_writer();
  for (const std::string& text : samples(0, 5)) {
    IncomingMessage message = writer.begin_message();
    message.add(base::as_bytes(text));
    writer.add(message);
  }
  writer.commit();
  EXPECT_TRUE(check_all().is_intact());
}

TEST_F(RepairTest, ARecordWithALostPartIsStoredAgainWhenRefetched) {
  const auto with_attachment = [&](const std::string& subject) {
    std::string message = sample_message(3);
    return "Subject: " + subject + "\r\n" + message;
  };
  const base::Path first = [&] {
    Writer writer = open_writer();
    add_snapshot(writer, "alice", {add_folder(writer, "INBOX", {with_attachment("one")})});
    writer.commit();
    return packs().at(0);
  }();
  {
    Writer writer = open_writer();
    add_snapshot(writer, "bob", {add_folder(writer, "INBOX", {with_attachment("two")})});
    writer.commit();
  }
  damage_block(first, Stream::kBinaries);
  const RepairReport report = repair_all();
  EXPECT_THAT(report.amended_accounts, ElementsAre("alice", "bob"));
  EXPECT_THAT(report.after.damaged_messages, SizeIs(2));
  {
    // The store has the record of bob's message, but must still check its parts.
    Writer writer = open_writer();
    IncomingMessage message = writer.begin_message();
    message.add(base::as_bytes(with_attachment("two")));
    EXPECT_FALSE(writer.add(message).is_new);
    writer.commit();
  }
  EXPECT_THAT(check_all().damaged_messages, SizeIs(1));
}

TEST_F(RepairTest, ACopyThatTurnsUpLaterRestoresTheRest) {
  const base::Path pack = back_up("alice", 0, 5);
  const base::Path copy = directory_ / "copy";
  fs::copy(pack, copy);
  damage_block(pack, Stream::kRecords);
  EXPECT_FALSE(repair_all().after.is_intact());
  EXPECT_EQ(5U, use_copy(copy, pack));
  EXPECT_EQ(0U, use_copy(copy, pack)) << "it is condemned for ever, and nothing of it is missing";
}

// Earlier versions moved damaged packs there.
TEST_F(RepairTest, ACopyInTheQuarantineRestoresTheRest) {
  const base::Path pack = back_up("alice", 0, 5);
  const base::Path copy = directory_ / "copy";
  fs::copy(pack, copy);
  damage_block(pack, Stream::kRecords);
  EXPECT_FALSE(repair_all().after.is_intact());
  fs::create_directory(quarantine_directory(location_));
  fs::rename(pack, quarantine_directory(location_) / pack.filename());
  EXPECT_FALSE(repair_all().after.is_intact());
  EXPECT_EQ(5U, use_copy(copy, quarantine_directory(location_) / "found again.PACK"));
}

// Whether the index remembers that it is condemned, or commits do.
TEST_F(RepairTest, ACondemnedPackStaysAndIsNoDamage) {
  const base::Path pack = back_up("alice", 0, 5);
  back_up("bob", 5, 5);
  flip(pack, fs::file_size(pack) - 100);
  EXPECT_THAT(repair_all().condemned, ElementsAre(pack.string()));
  const std::vector<base::Path> before = packs();
  for (const bool index_is_lost : {false, true}) {
    SCOPED_TRACE(index_is_lost);
    if (index_is_lost) fs::remove_all(location_.index);
    EXPECT_THAT(open_writer().damage(), IsEmpty());
    EXPECT_THAT(reindex(location_, files_).damage, IsEmpty());
    const RepairReport again = repair_all();
    EXPECT_THAT(again.condemned, IsEmpty());
    EXPECT_EQ(before, packs()) << "no further checkpoint";
    EXPECT_EQ(samples(0, 5), restored("alice"));
  }
}

// As after a crash before it was moved.
TEST_F(RepairTest, ADirectoryInTheCondemnedPacksPlaceIsMoved) {
  const base::Path pack = back_up("alice", 0, 5);
  flip(pack, fs::file_size(pack) - 100);
  repair_all();
  fs::remove(pack);
  fs::create_directory(pack);
  EXPECT_THAT(repair_all().quarantined,
              ElementsAre((quarantine_directory(location_) / pack.filename()).string()));
  EXPECT_FALSE(fs::exists(pack));
  EXPECT_NO_THROW(prune(location_, files_, clock_, {}));
  EXPECT_EQ(samples(0, 5), restored("alice"));
}

TEST_F(RepairTest, PruneKeepsWhatARepairCondemned) {
  const base::Path pack = back_up("alice", 0, 5);
  back_up("bob", 5, 5);
  flip(pack, fs::file_size(pack) - 100);
  repair_all();
  for (int days = 0; days < 3; ++days) {
    clock_.moment += std::chrono::days(400);
    prune(location_, files_, clock_, {});
    EXPECT_TRUE(fs::exists(pack));
  }
  EXPECT_TRUE(check_all().is_intact());
  fs::remove(pack);  // by hand
  EXPECT_NO_THROW(prune(location_, files_, clock_, {}));
  EXPECT_TRUE(repair_all().after.is_intact());
  EXPECT_EQ(samples(0, 5), restored("alice"));
  EXPECT_EQ(samples(5, 5), restored("bob"));
}

TEST_F(RepairTest, AMissingPackIsNoLongerReported) {
  const base::Path pack = back_up("alice", 0, 5);
  back_up("bob", 5, 3);
  const base::Path copy = directory_ / "copy";
  fs::rename(pack, copy);
  const RepairReport report = repair_all();
  EXPECT_THAT(report.found, Contains(HasSubstr("but missing")));
  EXPECT_THAT(report.quarantined, IsEmpty());
  EXPECT_EQ(samples(5, 3), restored("bob"));
  // Only alice's snapshot itself remains damaged.
  EXPECT_THAT(report.after.damage, ElementsAre(HasSubstr("snapshot root")));
  // The pack may turn up again.
  fs::rename(copy, pack);
  EXPECT_THAT(open_writer().damage(), IsEmpty());
  EXPECT_TRUE(check_all().is_intact());
  EXPECT_EQ(samples(0, 5), restored("alice"));
}

TEST_F(RepairTest, ASnapshotWhoseRootIsLostIsDroppedOnlyOnRequest) {
  const base::Path pack = back_up("alice", 0, 5);
  back_up("bob", 5, 3);
  fs::remove(pack);
  EXPECT_THAT(repair_all().given_up, IsEmpty());
  EXPECT_THAT(open_reader().snapshots("alice"), SizeIs(1));
  EXPECT_ERROR(kDamaged, "of account alice can't be read", prune(location_, files_, clock_, {}));

  const RepairReport report = repair(location_, files_, clock_, {}, "alice");
  ASSERT_THAT(report.given_up, SizeIs(1));
  EXPECT_EQ(report.given_up[0].account, "alice");
  EXPECT_EQ(report.given_up[0].messages, 5U);
  EXPECT_EQ(report.given_up[0].folders, 1U);
  EXPECT_FALSE(report.given_up[0].rest);
  EXPECT_TRUE(report.after.is_intact());
  EXPECT_THAT(open_reader().snapshots("alice"), IsEmpty());
  EXPECT_EQ(samples(5, 3), restored("bob"));
  EXPECT_NO_THROW(prune(location_, files_, clock_, {}));
}

TEST_F(RepairTest, TheReadableRestReplacesASnapshotOnRequest) {
  const base::Path first = back_up("alice", 0, 5);
  {
    Writer writer = open_writer();
    add_snapshot(
        writer, "alice",
        {add_folder(writer, "INBOX", samples(0, 5)), add_folder(writer, "Sent", samples(30, 4))});
    writer.commit();
  }
  back_up("bob", 0, 3);
  for (const SnapshotInfo& snapshot : open_reader().snapshots("alice")) {
    pin_snapshot(location_, files_, clock_, snapshot.id, kPinnedWithoutEnd);
  }
  damage_block(first, Stream::kManifests);
  const RepairReport report = repair(location_, files_, clock_, {}, "alice");
  ASSERT_THAT(report.given_up, SizeIs(2));
  EXPECT_FALSE(report.given_up[0].rest);
  ASSERT_TRUE(report.given_up[1].rest);
  EXPECT_EQ(report.given_up[1].messages, 9U);
  EXPECT_EQ(report.given_up[1].rest->messages, 4U);
  EXPECT_EQ(report.given_up[1].rest->folders, 1U);
  EXPECT_THAT(report.amended_accounts, IsEmpty());
  EXPECT_TRUE(report.after.is_intact());
  Reader reader = open_reader();
  ASSERT_THAT(reader.snapshots("alice"), SizeIs(1));
  EXPECT_EQ(reader.snapshots("alice").front().pinned_until, kPinnedWithoutEnd);
  EXPECT_EQ(samples(30, 4), restore(reader, "alice", "Sent"));
  EXPECT_EQ(samples(0, 3), restored("bob"));
}

TEST_F(RepairTest, AnAccountWithoutSnapshotsIsReported) {
  const base::Path pack = back_up("alice", 0, 5);
  back_up("bob", 5, 3);
  for (const bool is_damaged : {false, true}) {
    if (is_damaged) fs::remove(pack);
    EXPECT_ERROR(kNotFound, "\"alcie\" has no snapshot",
                 repair(location_, files_, clock_, {}, "alcie"));
  }
  EXPECT_THAT(repair(location_, files_, clock_, {}, "bob").given_up, IsEmpty());
}

TEST_F(RepairTest, AnOlderStateIsAcceptedAndNumberingContinues) {
  back_up("alice", 0, 5);
  const base::Path pack = back_up("alice", 0, 6);
  fs::remove(pack);
  fs::remove(index_file(location_));
  EXPECT_ERROR(kDamaged, "commit 2 was made in it", open_writer());
  const RepairReport report = repair_all();
  EXPECT_THAT(report.found, Contains(HasSubstr("commit 2 was made in it")));
  EXPECT_TRUE(report.after.is_intact());
  EXPECT_EQ(samples(0, 5), restored("alice"));
  EXPECT_NO_THROW(open_writer());
  const BlockContext context = open_keys(location_, files_);
  EXPECT_EQ(3U,
            Index::open_read_only(index_file(location_), context.store).highest_commit().number);
}

TEST_F(RepairTest, KeySlotsAndTreeRecordsAreRepaired) {
  back_up("alice", 0, 2);
  TreeRecord record;
  record.id = TreeRecords::new_id();
  TreeRecords::open(location_, files_).put(record);
  flip(fs::directory_iterator(trees_directory(location_))->path(), 70);
  const base::Path slot = fs::directory_iterator(keys_directory(location_))->path();
  flip(slot, 40);
  const RepairReport report = repair_all();
  EXPECT_THAT(report.quarantined, SizeIs(2));
  EXPECT_TRUE(report.after.is_intact());
  EXPECT_THAT(read_slots(*storage_of(location_, files_)).damaged, IsEmpty());
}

TEST_F(RepairTest, TheIndexEqualsThatOfAReindex) {
  const base::Path pack = back_up("alice", 0, 5);
  back_up("bob", 3, 5);
  damage_block(pack, Stream::kRecords);
  repair_all();
  const auto answers = [&] {
    Reader reader = open_reader();
    std::string all;
    for (const std::string& account : reader.accounts()) {
      for (const SnapshotInfo& snapshot : reader.snapshots(account)) all += snapshot.id.hex() + " ";
    }
    const CheckReport report = check_all();
    return all + std::to_string(report.damaged_messages.size()) + " " +
           std::to_string(report.messages);
  };
  const std::string before = answers();
  EXPECT_THAT(reindex(location_, files_).damage, IsEmpty());
  EXPECT_EQ(before, answers());
}

TEST_F(RepairTest, TakesTheLock) {
  const Writer writer = open_writer();
  EXPECT_ERROR(kBusy, "another mailstow process is writing to it", repair_all());
}

}  // namespace
}  // namespace store
