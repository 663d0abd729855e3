#include "store/maintenance/repair.h"

#include <filesystem>
#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/atomic_file.h"
#include "store/format/layout.h"
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

class RepairFixture : public StoreFixture {
 protected:
  explicit RepairFixture(tests::HeldBy held_by = tests::HeldBy::kDirectory)
      : StoreFixture(held_by) {
    make_store();
  }

  // Returns the pack that contains the backup.
  BlobName back_up(const std::string& account, unsigned first, unsigned count) {
    const std::vector<BlobName> before = pack_names();
    Writer writer = open_writer();
    add_snapshot(writer, account, {add_folder(writer, "INBOX", samples(first, count))});
    writer.commit();
    return pack_added_since(before);
  }

  // Changes a byte inside the pack's first block of the stream.
  void damage_block(const BlobName& pack, Stream stream) {
    stored().flip(pack, stored().place_in(pack, stream));
  }

  void damage_trailer(const BlobName& pack) { stored().flip(pack, stored().size(pack) - 100); }

  // An administrator waits until listings show it.
  void put_back(const BlobName& name, const base::Bytes& bytes) {
    stored().set(name, bytes);
    end_late_listings();
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

  // Repairs once a copy has turned up. Returns the number of messages salvaged from it.
  std::uint64_t repair_with_copy() {
    const RepairReport report = repair_all();
    EXPECT_TRUE(report.after.is_intact());
    // The snapshot before the amended one is complete.
    Reader reader = open_reader();
    EXPECT_EQ(5U, reader.snapshots("alice").at(0).messages);
    return report.salvaged_messages;
  }
};

class RepairTest : public tests::OnEachStorage<RepairFixture> {};

// A directory can have other things than blobs under their names, and files of an administrator.
class DirectoryRepairTest : public RepairFixture {};

TEST_P(RepairTest, AnIntactStoreIsLeftAlone) {
  back_up("alice", 0, 5);
  const std::vector<BlobName> before = pack_names();
  const RepairReport report = repair_all();
  EXPECT_THAT(report.found, IsEmpty());
  EXPECT_TRUE(report.after.is_intact());
  EXPECT_EQ(before, pack_names());
}

// Header, trailer and footer contain nothing that the blocks don't.
TEST_P(RepairTest, LosingAPacksHeaderOrTrailerLosesNothing) {
  for (const bool at_the_end : {false, true}) {
    const BlobName pack = back_up(at_the_end ? "alice" : "bob", at_the_end ? 0 : 5, 5);
    stored().flip(pack, at_the_end ? stored().size(pack) - 100 : 20);
    const RepairReport report = repair_all();
    EXPECT_THAT(report.condemned, ElementsAre(shown(pack)));
    EXPECT_THAT(report.quarantined, IsEmpty());
    EXPECT_TRUE(stored().has(pack));
    EXPECT_EQ(5U, report.salvaged_messages);
    EXPECT_THAT(report.amended_accounts, IsEmpty());
    EXPECT_TRUE(report.after.is_intact());
    EXPECT_TRUE(check_all().is_intact());
  }
  EXPECT_EQ(samples(0, 5), restored("alice"));
  EXPECT_EQ(samples(5, 5), restored("bob"));
}

TEST_P(RepairTest, LosingTheIndexTooLosesNothing) {
  const BlobName pack = back_up("alice", 0, 5);
  damage_trailer(pack);
  fs::remove_all(location_.index);
  EXPECT_TRUE(repair_all().after.is_intact());
  EXPECT_EQ(samples(0, 5), restored("alice"));
}

TEST_P(RepairTest, LostMessagesAreNamedAndWillBeFetchedAgain) {
  const BlobName pack = back_up("alice", 0, 5);
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

TEST_P(RepairTest, RefetchedMessagesCompleteTheHistoryAgain) {
  const BlobName pack = back_up("alice", 0, 5);
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

TEST_P(RepairTest, ARecordWithALostPartIsStoredAgainWhenRefetched) {
  const auto with_attachment = [&](const std::string& subject) {
    std::string message = sample_message(3);
    return "Subject: " + subject + "\r\n" + message;
  };
  const BlobName first = [&] {
    Writer writer = open_writer();
    add_snapshot(writer, "alice", {add_folder(writer, "INBOX", {with_attachment("one")})});
    writer.commit();
    return pack_names().at(0);
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

TEST_P(RepairTest, ACopyThatTurnsUpLaterRestoresTheRest) {
  const BlobName pack = back_up("alice", 0, 5);
  const base::Bytes copy = stored().bytes(pack);
  damage_block(pack, Stream::kRecords);
  EXPECT_FALSE(repair_all().after.is_intact());
  put_back(pack, copy);
  EXPECT_EQ(5U, repair_with_copy());
  EXPECT_EQ(0U, repair_with_copy()) << "it is condemned for ever, and nothing of it is missing";
}

// Earlier versions moved damaged packs there.
TEST_F(DirectoryRepairTest, ACopyInTheQuarantineRestoresTheRest) {
  const BlobName pack = back_up("alice", 0, 5);
  const base::Bytes copy = stored().bytes(pack);
  damage_block(pack, Stream::kRecords);
  EXPECT_FALSE(repair_all().after.is_intact());
  stored().set({kQuarantineArea, pack.key()}, stored().take(pack));
  EXPECT_FALSE(repair_all().after.is_intact());
  base::write_file(files_, quarantine_directory(location_) / "found again.PACK", copy,
                   base::OnExisting::kFail);
  EXPECT_EQ(5U, repair_with_copy());
}

// Whether the index remembers that it is condemned, or commits do.
TEST_P(RepairTest, ACondemnedPackStaysAndIsNoDamage) {
  const BlobName pack = back_up("alice", 0, 5);
  back_up("bob", 5, 5);
  damage_trailer(pack);
  EXPECT_THAT(repair_all().condemned, ElementsAre(shown(pack)));
  const std::vector<BlobName> before = pack_names();
  for (const bool index_is_lost : {false, true}) {
    SCOPED_TRACE(index_is_lost);
    if (index_is_lost) fs::remove_all(location_.index);
    EXPECT_THAT(open_writer().damage(), IsEmpty());
    EXPECT_THAT(reindex(location_, files_).damage, IsEmpty());
    const RepairReport again = repair_all();
    EXPECT_THAT(again.condemned, IsEmpty());
    EXPECT_EQ(before, pack_names()) << "no further checkpoint";
    EXPECT_EQ(samples(0, 5), restored("alice"));
  }
}

// As after a crash before it was moved.
TEST_F(DirectoryRepairTest, ADirectoryInTheCondemnedPacksPlaceIsMoved) {
  const BlobName pack = back_up("alice", 0, 5);
  damage_trailer(pack);
  repair_all();
  stored().lose(pack);
  const base::Path place = packs_directory(location_) / pack.key();
  fs::create_directory(place);
  EXPECT_THAT(repair_all().quarantined,
              ElementsAre((quarantine_directory(location_) / pack.key()).string()));
  EXPECT_FALSE(fs::exists(place));
  EXPECT_NO_THROW(prune(location_, files_, clock_, {}));
  EXPECT_EQ(samples(0, 5), restored("alice"));
}

TEST_P(RepairTest, PruneKeepsWhatARepairCondemned) {
  const BlobName pack = back_up("alice", 0, 5);
  back_up("bob", 5, 5);
  damage_trailer(pack);
  repair_all();
  for (int days = 0; days < 3; ++days) {
    clock_.moment += std::chrono::days(400);
    prune(location_, files_, clock_, {});
    EXPECT_TRUE(stored().has(pack));
  }
  EXPECT_TRUE(check_all().is_intact());
  stored().lose(pack);  // by hand
  EXPECT_NO_THROW(prune(location_, files_, clock_, {}));
  EXPECT_TRUE(repair_all().after.is_intact());
  EXPECT_EQ(samples(0, 5), restored("alice"));
  EXPECT_EQ(samples(5, 5), restored("bob"));
}

TEST_P(RepairTest, AMissingPackIsNoLongerReported) {
  const BlobName pack = back_up("alice", 0, 5);
  back_up("bob", 5, 3);
  const base::Bytes copy = stored().take(pack);
  const RepairReport report = repair_all();
  EXPECT_THAT(report.found, Contains(HasSubstr("but missing")));
  EXPECT_THAT(report.quarantined, IsEmpty());
  EXPECT_EQ(samples(5, 3), restored("bob"));
  // Only alice's snapshot itself remains damaged.
  EXPECT_THAT(report.after.damage, ElementsAre(HasSubstr("snapshot root")));
  // The pack may turn up again.
  put_back(pack, copy);
  EXPECT_THAT(open_writer().damage(), IsEmpty());
  EXPECT_TRUE(check_all().is_intact());
  EXPECT_EQ(samples(0, 5), restored("alice"));
}

TEST_P(RepairTest, ASnapshotWhoseRootIsLostIsDroppedOnlyOnRequest) {
  const BlobName pack = back_up("alice", 0, 5);
  back_up("bob", 5, 3);
  stored().lose(pack);
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

TEST_P(RepairTest, TheReadableRestReplacesASnapshotOnRequest) {
  const BlobName first = back_up("alice", 0, 5);
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

TEST_P(RepairTest, AnAccountWithoutSnapshotsIsReported) {
  const BlobName pack = back_up("alice", 0, 5);
  back_up("bob", 5, 3);
  for (const bool is_damaged : {false, true}) {
    if (is_damaged) stored().lose(pack);
    EXPECT_ERROR(kNotFound, "\"alcie\" has no snapshot",
                 repair(location_, files_, clock_, {}, "alcie"));
  }
  EXPECT_THAT(repair(location_, files_, clock_, {}, "bob").given_up, IsEmpty());
}

TEST_P(RepairTest, AnOlderStateIsAcceptedAndNumberingContinues) {
  back_up("alice", 0, 5);
  const BlobName pack = back_up("alice", 0, 6);
  stored().lose(pack);
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

TEST_P(RepairTest, KeySlotsAndTreeRecordsAreRepaired) {
  back_up("alice", 0, 2);
  TreeRecord record;
  record.id = TreeRecords::new_id();
  TreeRecords::open(location_, files_).put(record);
  stored().flip(stored().names_in(kTreesArea).front(), 70);
  stored().flip(stored().names_in(kKeysArea).front(), 40);
  end_late_listings();  // only a listing leads to them
  const RepairReport report = repair_all();
  EXPECT_THAT(report.quarantined, SizeIs(2));
  EXPECT_TRUE(report.after.is_intact());
  EXPECT_THAT(read_slots(*storage_of(location_, files_)).damaged, IsEmpty());
}

TEST_P(RepairTest, TheIndexEqualsThatOfAReindex) {
  const BlobName pack = back_up("alice", 0, 5);
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

TEST_P(RepairTest, TakesTheLock) {
  const Writer writer = open_writer();
  EXPECT_ERROR(kBusy, "another mailstow process is writing to it", repair_all());
}

INSTANTIATE_TEST_SUITE_P(Directory, RepairTest, tests::a_directory());
INSTANTIATE_TEST_SUITE_P(LateListings, RepairTest, tests::a_late_storage());

}  // namespace
}  // namespace store
