// The store from outside: everything written reads back unchanged.
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/expect_error.h"
#include "tests/store/simulated_file_system.h"
#include "tests/store/store_fixture.h"

namespace store {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class StoreTest : public StoreFixture {
 protected:
  StoreTest() { make_store(); }
};

TEST_F(StoreTest, EveryMessageRoundTrips) {
  const std::vector<std::string> messages = samples(0, 300);
  {
    Writer writer = open_writer();
    add_snapshot(writer, "alice", {add_folder(writer, "INBOX", messages)});
    writer.commit();
  }
  Reader reader = open_reader();
  EXPECT_EQ(messages, restore(reader, "alice", "INBOX"));
}

TEST_F(StoreTest, OddMessagesRoundTrip) {
  std::string all_bytes;
  for (int i = 0; i < 256; ++i) all_bytes += static_cast<char>(i);
  const std::vector<std::string> messages = {"",
                                             "x",
                                             "\r\n",
                                             "\n\n",
                                             "Subject: no body\r\n",
                                             "\r\n\r\nno header",
                                             std::string("a\rb\r\r\nc\0d", 8),
                                             all_bytes,
                                             std::string(3, '\0'),
                                             random_text(1, 3'000'000)};
  Writer writer = open_writer();
  add_snapshot(writer, "alice", {add_folder(writer, "INBOX", messages)});
  writer.commit();
  EXPECT_EQ(messages, restore(writer.reader(), "alice", "INBOX"));
}

TEST_F(StoreTest, AMessageLargerThanMemoryRoundTrips) {
  const std::string message = "Subject: large\r\nContent-Transfer-Encoding: base64\r\n\r\n" + [] {
    std::string body;
    for (unsigned i = 0; body.size() < 5'000'000; ++i) {
      std::string line = std::to_string(i * 2'654'435'761U % 1'000'000'007U);
      line.resize(76, 'x');
      body += line + "\r\n";
    }
    return body;
  }();
  Writer writer = open_writer();
  const StoredMessage stored = add_message(writer, message);
  EXPECT_TRUE(stored.is_new);
  EXPECT_EQ(message.size(), stored.size);
  writer.commit();
  EXPECT_EQ(message, base::to_text(writer.reader().read_message(stored.id).bytes()));
  EXPECT_EQ(stored.digest, writer.reader().digest(stored.id));
}

TEST_F(StoreTest, AMessageIsStoredOnce) {
  Writer writer = open_writer();
  const StoredMessage first = add_message(writer, sample_message(1));
  const StoredMessage pending = add_message(writer, sample_message(1));
  writer.commit();
  const StoredMessage later = add_message(writer, sample_message(1));
  EXPECT_TRUE(first.is_new);
  EXPECT_FALSE(pending.is_new);
  EXPECT_FALSE(later.is_new);
  EXPECT_EQ(first.id, later.id);
  EXPECT_EQ(first.digest, later.digest);
  EXPECT_EQ(1U, writer.statistics().new_messages);
}

TEST_F(StoreTest, ADiscardedMessageLeavesNothing) {
  Writer writer = open_writer();
  IncomingMessage message = writer.begin_message();
  message.add(base::as_bytes("half a mess"));
  message.clear();
  message.add(base::as_bytes("Subject: whole\r\n\r\n"));
  const StoredMessage stored = writer.add(message);
  writer.commit();
  EXPECT_EQ("Subject: whole\r\n\r\n",
            base::to_text(writer.reader().read_message(stored.id).bytes()));
}

TEST_F(StoreTest, NothingIsVisibleBeforeTheCommit) {
  Writer writer = open_writer();
  add_snapshot(writer, "alice", {add_folder(writer, "INBOX", samples(0, 3))});
  EXPECT_THAT(open_reader().accounts(), IsEmpty());
  writer.commit();
  EXPECT_THAT(open_reader().accounts(), ElementsAre("alice"));
}

TEST_F(StoreTest, UncommittedDataIsDiscarded) {
  {
    Writer writer = open_writer();
    add_snapshot(writer, "alice", {add_folder(writer, "INBOX", samples(0, 3))});
  }
  EXPECT_THAT(packs(), IsEmpty());
  Writer writer = open_writer();
  EXPECT_TRUE(add_message(writer, sample_message(0)).is_new);
}

TEST_F(StoreTest, ACommitWithoutChangesWritesNothing) {
  Writer writer = open_writer();
  writer.commit();
  EXPECT_THAT(packs(), IsEmpty());
}

TEST_F(StoreTest, ASmallCommitIsOnePack) {
  Writer writer = open_writer();
  add_snapshot(writer, "alice", {add_folder(writer, "INBOX", samples(0, 20))});
  add_snapshot(writer, "bob", {add_folder(writer, "INBOX", samples(20, 20))});
  writer.commit();
  EXPECT_THAT(packs(), SizeIs(1));
}

TEST_F(StoreTest, AnUnchangedAccountIsALineInTheCommit) {
  Writer writer = open_writer();
  const FolderRecord folder = add_folder(writer, "INBOX", samples(0, 100));
  const SnapshotInfo first = add_snapshot(writer, "alice", {folder});
  writer.commit();
  const std::uint64_t before = writer.statistics().stored_bytes;
  FolderDraft draft(writer.reader(), writer.reader().folders(first).front());
  const FolderRecord again = writer.seal(draft);
  EXPECT_EQ(folder.id, again.id);
  EXPECT_EQ(folder.receipt, again.receipt);
  const SnapshotInfo second = add_snapshot(writer, "alice", {again});
  writer.commit();
  EXPECT_NE(first.id, second.id);
  EXPECT_LT(writer.statistics().stored_bytes - before, 1'000U);
  EXPECT_THAT(writer.reader().snapshots("alice"), SizeIs(2));
}

TEST_F(StoreTest, SnapshotsAreFoundByAccountAndTime) {
  Writer writer = open_writer();
  const SnapshotInfo first =
      add_snapshot(writer, "alice", {add_folder(writer, "INBOX", samples(0, 1))});
  writer.commit();
  const SnapshotInfo second =
      add_snapshot(writer, "alice", {add_folder(writer, "INBOX", samples(0, 2))});
  writer.commit();
  const SnapshotInfo rescue = writer.add_snapshot({.account = "alice",
                                                   .time = second.time + std::chrono::hours(1),
                                                   .kind = SnapshotKind::kRescue,
                                                   .status = SnapshotStatus::kPartial,
                                                   .personal_prefix = "INBOX.",
                                                   .folders = {}});
  writer.commit();

  Reader reader = open_reader();
  EXPECT_THAT(reader.snapshots("nobody"), IsEmpty());
  ASSERT_THAT(reader.snapshots("alice"), SizeIs(3));
  EXPECT_EQ(SnapshotKind::kRescue, reader.snapshots("alice")[2].kind);
  EXPECT_EQ(SnapshotStatus::kPartial, reader.snapshots("alice")[2].status);
  EXPECT_EQ("INBOX.", reader.snapshots("alice")[2].personal_prefix);
  EXPECT_EQ(rescue.id, reader.snapshots("alice")[2].id);
  EXPECT_EQ(second.id, reader.newest_snapshot("alice")->id);
  EXPECT_EQ(2U, reader.newest_snapshot("alice")->messages);
  EXPECT_EQ(first.id, reader.newest_snapshot("alice", first.time)->id);
  EXPECT_FALSE(reader.newest_snapshot("alice", first.time - std::chrono::seconds(1)));
  EXPECT_FALSE(reader.newest_snapshot("nobody"));
}

TEST_F(StoreTest, ALaterSnapshotOfTheSameCommitReplacesTheEarlier) {
  Writer writer = open_writer();
  add_snapshot(writer, "alice", {add_folder(writer, "INBOX", samples(0, 1))});
  const SnapshotInfo second =
      add_snapshot(writer, "alice", {add_folder(writer, "INBOX", samples(0, 2))});
  writer.commit();
  ASSERT_THAT(writer.reader().snapshots("alice"), SizeIs(1));
  EXPECT_EQ(second.id, writer.reader().snapshots("alice")[0].id);
}

TEST_F(StoreTest, AFolderRoundTripsWithAllItsData) {
  FolderInfo info{.raw_name = "Entw&APw-rfe\n/x",
                  .delimiter = '/',
                  .attributes = {"\\HasNoChildren", "\\Drafts"},
                  .mailbox_id = "F123",
                  .uid_validity = 4'294'967'295,
                  .uid_next = 77,
                  .highest_modseq = 1'234'567'890'123,
                  .completeness = FolderCompleteness::kUnreadable,
                  .trouble = "NO [CONTACTADMIN]",
                  .skipped = {{.uid = {5}, .reason = "body NIL"}},
                  .last_full_scan = std::chrono::sys_seconds(std::chrono::seconds(99)),
                  .properties = {{.name = "acl", .value = "bob lrs"}}};
  Writer writer = open_writer();
  FolderDraft draft(info);
  const StoredMessage stored = add_message(writer, sample_message(1));
  MessageEntry entry = entry_of(76, stored, {"\\Seen", "\\Recent", "$Junk", "\\Seen"}, 42);
  entry.internal_date->zone_minutes = -1439;
  entry.server_id = "M6d99ac3275bb4e";
  draft.put(entry, stored.digest);
  const FolderRecord sealed = writer.seal(draft);
  const SnapshotInfo snapshot = add_snapshot(writer, "alice", {sealed});
  writer.commit();

  Reader reader = open_reader();
  const FolderRecord folder = reader.folders(snapshot).at(0);
  EXPECT_EQ(info, folder.info);
  EXPECT_EQ(sealed.id, folder.id);
  EXPECT_EQ(sealed.receipt, folder.receipt);
  EXPECT_EQ(stored.size, folder.bytes);
  std::vector<MessageEntry> entries;
  reader.for_each_message(folder, [&](const MessageEntry& e) { entries.push_back(e); });
  entry.flags = {"$Junk", "\\Seen"};
  EXPECT_THAT(entries, ElementsAre(entry));
}

TEST_F(StoreTest, AnEmptyFolderIsNotMissing) {
  Writer writer = open_writer();
  const SnapshotInfo snapshot = add_snapshot(writer, "alice", {add_folder(writer, "Empty", {})});
  writer.commit();
  const FolderRecord folder = writer.reader().folders(snapshot).at(0);
  EXPECT_EQ("Empty", folder.info.raw_name);
  EXPECT_EQ(0U, folder.receipt.messages);
  EXPECT_EQ("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            folder.receipt.digest.hex());
}

TEST_F(StoreTest, MessagesAreReadInStoreOrderPastADamagedOne) {
  Writer writer = open_writer();
  std::vector<MessageId> ids;
  for (unsigned i = 0; i < 20; ++i) ids.push_back(add_message(writer, sample_message(i)).id);
  writer.commit();
  std::vector<MessageId> asked(ids.rbegin(), ids.rend());
  asked.push_back(MessageId{});
  asked.push_back(ids[3]);
  std::vector<std::size_t> order;
  std::vector<std::size_t> missing;
  writer.reader().read_messages(
      asked,
      [&](std::size_t position, const MessageBytes& message) {
        order.push_back(position);
        const unsigned number = position == 21 ? 3 : 19 - static_cast<unsigned>(position);
        EXPECT_EQ(sample_message(number), base::as_text(message.bytes()));
      },
      [&](std::size_t position, const base::Error& why) {
        missing.push_back(position);
        EXPECT_THAT(why.what(), HasSubstr("not in the store"));
      });
  EXPECT_EQ(21U, order.size());
  EXPECT_EQ(19U, order.front());
  EXPECT_EQ(0U, order.back());
  EXPECT_THAT(missing, ElementsAre(20U));
}

TEST_F(StoreTest, AReaderSeesConcurrentCommits) {
  Reader reader = open_reader();
  EXPECT_THAT(reader.accounts(), IsEmpty());
  Writer writer = open_writer();
  add_snapshot(writer, "alice", {add_folder(writer, "INBOX", samples(0, 2))});
  writer.commit();
  EXPECT_THAT(reader.accounts(), ElementsAre("alice"));
  EXPECT_EQ(samples(0, 2), restore(reader, "alice", "INBOX"));
}

// SIGKILL leaves the index's write-ahead log behind, and no writer to process it.
TEST_F(StoreTest, AReaderReadsTheCommitsOfAKilledWriter) {
  const Location killed{.store = location_.store,
                        .index = directory_ / "killed-index",
                        .key_file = location_.key_file};
  {
    Writer writer = open_writer();
    add_snapshot(writer, "alice", {add_folder(writer, "INBOX", samples(0, 2))});
    writer.commit();
    std::filesystem::create_directory(killed.index);
    for (const char* name : {"index.sqlite", "index.sqlite-wal"}) {
      std::filesystem::copy_file(location_.index / name, killed.index / name);
    }
  }
  Reader reader = Reader::open(killed, files_);
  EXPECT_EQ(samples(0, 2), restore(reader, "alice", "INBOX"));
}

TEST_F(StoreTest, TheStoreReportsItsSize) {
  Writer writer = open_writer();
  add_snapshot(writer, "alice", {add_folder(writer, "INBOX", samples(0, 5))});
  writer.commit();
  const Reader::StoreSize size = writer.reader().size();
  EXPECT_EQ(1U, size.packs);
  EXPECT_EQ(std::filesystem::file_size(packs()[0]), size.pack_bytes);
  EXPECT_EQ(writer.statistics().stored_bytes, size.pack_bytes);
  EXPECT_EQ(5U, size.messages);
  EXPECT_EQ(writer.statistics().message_bytes, size.message_bytes);
  EXPECT_GT(size.index_bytes, 0U);
}

}  // namespace
}  // namespace store
