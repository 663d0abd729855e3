#include "store/tree_record.h"

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/atomic_file.h"
#include "store/format/compression.h"
#include "store/format/crypto.h"
#include "store/format/encoding.h"
#include "store/format/layout.h"
#include "store/keys/key_slot.h"
#include "store/tree_version.h"
#include "tests/expect_error.h"
#include "tests/store/store_fixture.h"

namespace store {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class TreeRecordTest : public StoreFixture {
 protected:
  TreeRecordTest() { make_store(); }

  TreeRecords open() { return TreeRecords::open(location_, files_); }

  static TreeRecord sample() {
    TreeRecord record;
    record.id = TreeRecords::new_id();
    record.account = "alice";
    record.server = "main";
    record.user = "alice@example.org";
    record.host = "0123456789abcdef0123456789abcdef";
    record.name = "RESTORED/20261124T023000";
    record.raw_name = "RESTORED.20261124T023000";
    record.delimiter = '.';
    record.created = std::chrono::sys_seconds(std::chrono::seconds(100));
    record.expires = std::chrono::sys_seconds(std::chrono::seconds(200));
    record.snapshot.bytes[0] = std::byte{9};
    record.request = "{}";
    TreeLevel top;
    top.raw_name = "RESTORED";
    top.state = LevelState::kNotOurs;
    TreeLevel level;
    level.raw_name = "RESTORED.20261124T023000";
    level.state = LevelState::kCreated;
    level.identity = {.uid_validity = 77, .mailbox_id = "M1"};
    level.messages = {{.uid = {1},
                       .size = 1'234,
                       .internal_date = std::chrono::sys_seconds(std::chrono::seconds(-5)),
                       .message = {}}};
    record.levels = {top, level};
    return record;
  }

  // The record's blob with that number.
  base::Path file(const TreeRecord& record, std::uint64_t number = 1) const {
    return trees_directory(location_) / TreeVersion{record.id, number}.key();
  }

  base::Bytes bytes_of(const TreeRecord& record, std::uint64_t number) const {
    return base::read_file(files_, file(record, number), 1 << 20).value();
  }

  // As if the directory had been restored to an earlier state.
  void put_back(const TreeRecord& record, std::uint64_t number, base::ByteView bytes) {
    for (std::uint64_t newer = number + 1; newer < number + 10; ++newer) {
      files_.remove(file(record, newer));
    }
    base::write_file(files_, file(record, number), bytes, base::OnExisting::kReplace);
  }

  void flip(const base::Path& path) {
    base::Bytes bytes = base::read_file(files_, path, 1 << 20).value();
    bytes[bytes.size() / 2] ^= std::byte{1};
    base::write_file(files_, path, bytes, base::OnExisting::kReplace);
  }

  std::vector<std::string> keys() { return files_.list(trees_directory(location_)); }
};

TEST_F(TreeRecordTest, ARecordRoundTrips) {
  const TreeRecord record = sample();
  open().put(record);
  const TreeRecords::Listing listing = open().list();
  EXPECT_THAT(listing.records, ElementsAre(record));
  EXPECT_THAT(listing.damaged, IsEmpty());
}

TEST_F(TreeRecordTest, AListingKnowsWhenARecordWasPut) {
  const TreeRecord record = sample();
  TreeRecords records = TreeRecords::open(location_, files_, clock_);
  records.put(record);
  clock_.moment += std::chrono::hours(5);
  const auto then = clock_.now_seconds();
  records.put(record);
  clock_.moment += std::chrono::hours(5);
  EXPECT_THAT(open().list().written, ElementsAre(testing::Pair(record.id, then)));
}

TEST_F(TreeRecordTest, ARecordIsFoundByItsId) {
  const TreeRecord record = sample();
  open().put(record);
  open().put(sample());
  EXPECT_EQ(open().find(record.id), record);
  EXPECT_EQ(open().find(TreeRecords::new_id()), std::nullopt);
  EXPECT_EQ(open().find("../lock"), std::nullopt);
}

TEST_F(TreeRecordTest, ALaterRecordReplacesTheEarlier) {
  TreeRecord record = sample();
  open().put(record);
  record.state = TreeState::kComplete;
  open().put(record);
  EXPECT_THAT(open().list().records, ElementsAre(record));
  EXPECT_THAT(keys(), ElementsAre(record.id + ".00000000000000000002"));
}

TEST_F(TreeRecordTest, AVersionThatWasLeftBehindNeitherCountsNorStays) {
  TreeRecord record = sample();
  open().put(record);
  const base::Bytes first = bytes_of(record, 1);
  record.expires += std::chrono::days(1);
  open().put(record);
  base::write_file(files_, file(record, 1), first, base::OnExisting::kFail);
  EXPECT_THAT(open().list().records, ElementsAre(record));
  EXPECT_THAT(open().list().outdated, IsEmpty());
  EXPECT_EQ(open().find(record.id), record);
  open().put(record);
  EXPECT_THAT(keys(), ElementsAre(file(record, 3).filename().string()));
  base::write_file(files_, file(record, 1), first, base::OnExisting::kFail);
  EXPECT_TRUE(open().remove(record.id));
  EXPECT_THAT(keys(), IsEmpty());
}

// As when a sweep corrects a record, a run resumes the tree, and the sweep puts it again.
TEST_F(TreeRecordTest, ProcessesMayTakeTurns) {
  TreeRecord record = sample();
  TreeRecords first = open();
  first.put(record);
  {
    TreeRecords second = open();
    for (int change = 0; change < 3; ++change) second.put(record);
  }
  record.levels.pop_back();
  first.put(record);
  EXPECT_THAT(keys(), ElementsAre(file(record, 5).filename().string()));
  EXPECT_EQ(open().find(record.id), record);
}

TEST_F(TreeRecordTest, AVersionUnderAnotherNumberIsRejected) {
  const TreeRecord record = sample();
  open().put(record);
  base::write_file(files_, file(record, 2), bytes_of(record, 1), base::OnExisting::kFail);
  const TreeRecords::Listing listing = open().list();
  EXPECT_THAT(listing.records, ElementsAre(record));
  EXPECT_THAT(listing.damaged, ElementsAre(HasSubstr("another version of this record")));
}

TEST_F(TreeRecordTest, ADamagedVersionLeavesTheOneBeforeItWithTheLaterExpiry) {
  TreeRecord record = sample();
  open().put(record);
  const base::Bytes first = bytes_of(record, 1);
  const TreeRecord earlier = record;
  record.expires += std::chrono::days(30);
  record.levels.pop_back();
  open().put(record);
  base::write_file(files_, file(record, 1), first, base::OnExisting::kFail);
  flip(file(record, 2));
  const TreeRecords::Listing listing = open().list();
  ASSERT_THAT(listing.records, SizeIs(1));
  EXPECT_EQ(record.expires, listing.records[0].expires);
  EXPECT_EQ(earlier.levels, listing.records[0].levels);
  EXPECT_THAT(listing.damaged_files, ElementsAre(file(record, 2).filename().string()));
  EXPECT_THAT(listing.outdated_ids, ElementsAre(record.id));
  EXPECT_EQ(open().find(record.id), listing.records[0]);

  open().put(record);
  EXPECT_EQ(open().find(record.id), record);
  EXPECT_THAT(open().list().damaged, IsEmpty()) << "the next version takes its place";
  EXPECT_THAT(keys(), ElementsAre(file(record, 3).filename().string()));
}

TEST_F(TreeRecordTest, WithoutANoteNoVersionBeforeADamagedOneCounts) {
  TreeRecord record = sample();
  open().put(record);
  const base::Bytes first = bytes_of(record, 1);
  record.expires += std::chrono::days(30);
  open().put(record);
  base::write_file(files_, file(record, 1), first, base::OnExisting::kFail);
  flip(file(record, 2));
  files_.remove(tree_note_file(location_, record.id));
  const TreeRecords::Listing listing = open().list();
  EXPECT_THAT(listing.records, IsEmpty());
  EXPECT_THAT(listing.damaged_files, ElementsAre(file(record, 2).filename().string(),
                                                 file(record, 1).filename().string()));
  EXPECT_ERROR(kDamaged, file(record, 2).filename().string(), open().find(record.id));
}

TEST_F(TreeRecordTest, KeysThatAreNotThoseOfARecordAreReported) {
  const TreeRecord record = sample();
  open().put(record);
  const std::vector<std::string> others = {record.id + ".1", record.id + ".00000000000000000000",
                                           record.id + ".99999999999999999999",
                                           record.id.substr(1)};
  for (const std::string& key : others) {
    files_.create(trees_directory(location_) / key)->write(base::as_bytes("x"));
  }
  EXPECT_THAT(open().list().records, ElementsAre(record));
  EXPECT_THAT(open().list().damaged_files, testing::UnorderedElementsAreArray(others));
}

TEST_F(TreeRecordTest, ARemovedRecordNoLongerExists) {
  const TreeRecord record = sample();
  TreeRecords records = open();
  records.put(record);
  EXPECT_TRUE(records.remove(record.id));
  EXPECT_FALSE(records.remove(record.id));
  EXPECT_FALSE(records.remove("../keys"));
  EXPECT_THAT(records.list().records, IsEmpty());
}

TEST_F(TreeRecordTest, RecordsAreSortedByTimeOfCreation) {
  TreeRecord later = sample();
  TreeRecord earlier = sample();
  earlier.created -= std::chrono::seconds(1);
  open().put(later);
  open().put(earlier);
  EXPECT_THAT(open().list().records, ElementsAre(earlier, later));
}

TEST_F(TreeRecordTest, RecordsCanBeWrittenDuringABackup) {
  const Writer writer = open_writer();
  open().put(sample());
  EXPECT_THAT(open().list().records, SizeIs(1));
}

TEST_F(TreeRecordTest, EveryFlipAndTruncationIsReportedAndTheOthersAreListed) {
  const TreeRecord good = sample();
  const TreeRecord other = sample();
  open().put(good);
  open().put(other);
  const base::Bytes bytes = bytes_of(good, 1);
  const TreeRecords records = open();
  for (std::size_t at = 0; at < 2 * bytes.size(); ++at) {
    base::Bytes bad = bytes;
    if (at < bytes.size()) {
      bad[at] ^= std::byte{0x20};
    } else {
      bad.resize(at - bytes.size());
    }
    files_.remove(file(good));
    files_.create(file(good))->write(bad);
    const TreeRecords::Listing listing = records.list();
    EXPECT_THAT(listing.records, ElementsAre(other)) << at;
    ASSERT_THAT(listing.damaged, SizeIs(1)) << at;
    EXPECT_THAT(listing.damaged[0], HasSubstr(good.id));
  }
}

TEST_F(TreeRecordTest, ARecordUnderAnothersNameIsRejected) {
  const TreeRecord record = sample();
  open().put(record);
  TreeRecord other = record;
  other.id = TreeRecords::new_id();
  std::filesystem::rename(file(record), file(other));
  EXPECT_THAT(open().list().records, IsEmpty());
  EXPECT_THAT(open().list().damaged, SizeIs(1));
}

TEST_F(TreeRecordTest, AnOlderRecordThatIsPutBackNeverExpiresEarlier) {
  TreeRecord record = sample();
  open().put(record);
  const base::Bytes old = bytes_of(record, 1);
  const auto extended = record.expires + std::chrono::days(30);
  {
    TreeRecords records = open();
    TreeRecord changed = records.find(record.id).value();
    changed.expires = extended;
    records.put(changed);
  }
  EXPECT_THAT(open().list().outdated, IsEmpty());

  put_back(record, 1, old);
  EXPECT_EQ(extended, open().find(record.id).value().expires);
  const TreeRecords::Listing listing = open().list();
  ASSERT_THAT(listing.records, SizeIs(1));
  EXPECT_EQ(extended, listing.records[0].expires);
  EXPECT_THAT(listing.damaged, IsEmpty());
  EXPECT_THAT(listing.outdated,
              ElementsAre(HasSubstr("an older record of this tree was put back")));
  EXPECT_THAT(listing.outdated_ids, ElementsAre(record.id));

  TreeRecords records = open();
  TreeRecord changed = records.find(record.id).value();
  changed.expires = extended + std::chrono::days(1);
  records.put(changed);
  EXPECT_THAT(open().list().outdated, IsEmpty()) << "the next change replaces it";
  put_back(record, 1, old);
  EXPECT_EQ(changed.expires, open().find(record.id).value().expires);
}

// After the index was lost, only the record itself knows how often it was written.
TEST_F(TreeRecordTest, TheCounterSurvivesTheLossOfItsNote) {
  TreeRecord record = sample();
  for (int change = 0; change < 5; ++change) open().put(record);
  const base::Bytes old = bytes_of(record, 5);
  files_.remove(tree_note_file(location_, record.id));
  EXPECT_EQ(open().find(record.id), record);
  record.expires += std::chrono::days(1);
  open().put(record);
  put_back(record, 5, old);
  EXPECT_THAT(open().list().outdated, SizeIs(1));
  EXPECT_EQ(record.expires, open().find(record.id).value().expires);
}

TEST_F(TreeRecordTest, AnExpiryCanBeBroughtForward) {
  TreeRecord record = sample();
  open().put(record);
  record.expires -= std::chrono::seconds(50);
  open().put(record);
  EXPECT_EQ(open().find(record.id), record);
}

TEST_F(TreeRecordTest, AnUnreadableNoteDoesNotHideTheRecords) {
  const TreeRecord record = sample();
  open().put(record);
  base::write_file(files_, tree_note_file(location_, record.id), base::as_bytes("rubbish"),
                   base::OnExisting::kReplace);
  EXPECT_THAT(open().list().records, ElementsAre(record));
  open().put(record);
  EXPECT_TRUE(open().remove(record.id));
  EXPECT_EQ(nullptr, files_.open(tree_note_file(location_, record.id)));
}

// Writes a record as an earlier version did. The first two had no user.
base::Bytes file_of_version(std::uint32_t version, const TreeRecord& record,
                            const BlockContext& context) {
  Encoder content;
  if (version > 1) content.varint(7);  // the counter
  const base::Bytes current = encode_tree_record(record);
  // Without the empty host, and the empty user.
  content.raw(base::ByteView(current).first(current.size() - (version < 3 ? 2 : 1)));
  Encoder header;
  header.raw(base::as_bytes("MSTWTREE"));
  header.u32(version);
  header.u32(static_cast<std::uint32_t>(content.view().size()));
  Encoder associated;
  associated.raw(context.store);
  associated.raw(header.view());
  associated.text(record.id);
  Compressor compressor(3);
  const base::ByteView frame = compressor.compress(content.view());
  const Nonce nonce = random_nonce();
  base::Bytes box(frame.size() + kTagSize);
  seal_box(context.keys.trees, nonce, associated.view(), frame, box);
  Encoder whole;
  whole.raw(header.view());
  whole.raw(nonce);
  whole.raw(box);
  return whole.take();
}

TEST_F(TreeRecordTest, RecordsOfEarlierVersionsAreReadAndReplaced) {
  const BlockContext context = open_keys(location_, files_);
  for (const std::uint32_t version : {1U, 2U, 3U}) {
    TreeRecord record = sample();
    if (version < 3) record.user.clear();
    record.host.clear();
    const base::Bytes old_file = file_of_version(version, record, context);
    base::write_file(files_, file(record, 0), old_file, base::OnExisting::kFail);
    EXPECT_EQ(open().find(record.id), record) << version;
    EXPECT_THAT(open().list().records, ElementsAre(record)) << version;
    EXPECT_THAT(open().list().written, IsEmpty()) << version;
    EXPECT_THAT(open().list().outdated, IsEmpty());
    record.user = "alice";
    record.expires += std::chrono::days(30);
    open().put(record);
    EXPECT_EQ(open().find(record.id), record) << version;
    const std::string key = TreeVersion{record.id, version == 1 ? 1U : 8U}.key();
    EXPECT_THAT(keys(), ElementsAre(key)) << "the number goes on from the counter";
    base::write_file(files_, file(record, 0), old_file, base::OnExisting::kFail);
    EXPECT_EQ(open().find(record.id), record) << version;
    EXPECT_THAT(open().list().outdated, IsEmpty());
    put_back(record, 0, old_file);
    EXPECT_EQ(record.expires, open().find(record.id).value().expires) << version;
    EXPECT_THAT(open().list().outdated, SizeIs(1));
    EXPECT_TRUE(open().remove(record.id));
  }
}

TEST_F(TreeRecordTest, IdsAreUnique) {
  EXPECT_EQ(32U, TreeRecords::new_id().size());
  EXPECT_NE(TreeRecords::new_id(), TreeRecords::new_id());
}

}  // namespace
}  // namespace store
