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

  base::Path file(const TreeRecord& record) const { return location_.store / "trees" / record.id; }
};

TEST_F(TreeRecordTest, ARecordRoundTrips) {
  const TreeRecord record = sample();
  open().put(record);
  const TreeRecords::Listing listing = open().list();
  EXPECT_THAT(listing.records, ElementsAre(record));
  EXPECT_THAT(listing.damaged, IsEmpty());
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
  const base::Bytes bytes = base::read_file(files_, file(good), 1 << 20).value();
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
  std::filesystem::rename(file(record), location_.store / "trees" / TreeRecords::new_id());
  EXPECT_THAT(open().list().records, IsEmpty());
  EXPECT_THAT(open().list().damaged, SizeIs(1));
}

TEST_F(TreeRecordTest, AnOlderRecordThatIsPutBackNeverExpiresEarlier) {
  TreeRecord record = sample();
  open().put(record);
  const base::Bytes old = base::read_file(files_, file(record), 1 << 20).value();
  const auto extended = record.expires + std::chrono::days(30);
  {
    TreeRecords records = open();
    TreeRecord changed = records.find(record.id).value();
    changed.expires = extended;
    records.put(changed);
  }
  EXPECT_THAT(open().list().outdated, IsEmpty());

  base::write_file(files_, file(record), old, base::OnExisting::kReplace);
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
  base::write_file(files_, file(record), old, base::OnExisting::kReplace);
  EXPECT_EQ(changed.expires, open().find(record.id).value().expires);
}

// After the index was lost, only the record itself knows how often it was written.
TEST_F(TreeRecordTest, TheCounterSurvivesTheLossOfItsNote) {
  TreeRecord record = sample();
  for (int change = 0; change < 5; ++change) open().put(record);
  const base::Bytes old = base::read_file(files_, file(record), 1 << 20).value();
  files_.remove(tree_note_file(location_, record.id));
  EXPECT_EQ(open().find(record.id), record);
  record.expires += std::chrono::days(1);
  open().put(record);
  base::write_file(files_, file(record), old, base::OnExisting::kReplace);
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

// Writes a record as an earlier version did. Those had no user.
base::Bytes file_of_version(std::uint32_t version, const TreeRecord& record,
                            const BlockContext& context) {
  Encoder content;
  if (version > 1) content.varint(7);  // the counter
  const base::Bytes current = encode_tree_record(record);
  content.raw(base::ByteView(current).first(current.size() - 1));  // without the empty user
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
  const BlockContext context = open_keys(files_, location_.store, location_.key_file);
  for (const std::uint32_t version : {1U, 2U}) {
    TreeRecord record = sample();
    record.user.clear();
    const base::Bytes old_file = file_of_version(version, record, context);
    base::write_file(files_, file(record), old_file, base::OnExisting::kFail);
    EXPECT_EQ(open().find(record.id), record) << version;
    EXPECT_THAT(open().list().outdated, IsEmpty());
    record.user = "alice";
    record.expires += std::chrono::days(30);
    open().put(record);
    EXPECT_EQ(open().find(record.id), record) << version;
    base::write_file(files_, file(record), old_file, base::OnExisting::kReplace);
    EXPECT_EQ(record.expires, open().find(record.id).value().expires) << version;
    EXPECT_THAT(open().list().outdated, SizeIs(1));
    open().remove(record.id);
  }
}

TEST_F(TreeRecordTest, IdsAreUnique) {
  EXPECT_EQ(32U, TreeRecords::new_id().size());
  EXPECT_NE(TreeRecords::new_id(), TreeRecords::new_id());
}

}  // namespace
}  // namespace store
