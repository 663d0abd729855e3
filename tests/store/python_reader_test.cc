// A reader in Python, written from docs/pack-format.md alone, reads the stores that mailstow
// writes.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <set>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/process.h"
#include "base/secret.h"
#include "store/format/layout.h"
#include "store/index/index.h"
#include "store/keys/key_ring.h"
#include "store/keys/key_slot.h"
#include "store/maintenance/dropping.h"
#include "store/maintenance/prune.h"
#include "store/maintenance/reindex.h"
#include "store/write_session.h"
#include "tests/long_run.h"
#include "tests/store/message/mime_generator.h"
#include "tests/store/older_store.h"
#include "tests/store/poisoned/poisoned_store.h"
#include "tests/store/random_bytes.h"
#include "tests/store/store_fixture.h"
#include "tests/text_of.h"

namespace store {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::IsEmpty;

class PythonReader : public StoreFixture {
 protected:
  PythonReader() { make_store(); }

  std::string run(const std::vector<std::string>& arguments) {
    // Needs Debian's python3-nacl and python3-zstandard, so no other Python will do.
    std::vector<std::string> command{"/usr/bin/python3", "-B", MAILSTOW_READER,
                                     location_.store.string(), key_};
    command.insert(command.end(), arguments.begin(), arguments.end());
    return base::output_of(command, std::size_t{64} << 20U);
  }

  json list() { return json::parse(run({"list"})); }

  // Every message that the reader finds, by its id.
  std::map<std::string, std::string> extract() {
    const base::Path out = directory_ / ("out" + std::to_string(++extracted_));
    std::filesystem::create_directory(out);
    run({"extract", out.string()});
    std::map<std::string, std::string> messages;
    for (const auto& entry : std::filesystem::directory_iterator(out)) {
      messages[entry.path().filename().string()] = tests::text_of(entry.path());
    }
    return messages;
  }

  void put(Writer& writer, FolderDraft& draft, std::uint32_t uid, const std::string& text,
           std::vector<std::string> flags = {}) {
    const StoredMessage stored = add_message(writer, text);
    MessageEntry entry = entry_of(uid, stored, std::move(flags), std::uint64_t{uid % 5} * 1'000);
    entry.internal_date->instant -= std::chrono::hours(std::int64_t{uid % 7} * 100'000);
    entry.internal_date->zone_minutes =
        static_cast<std::int16_t>(static_cast<int>(uid % 3) * 330 - 210);
    if (uid % 2 == 0) entry.server_id = "M" + std::to_string(uid);
    draft.put(entry, stored.digest);
    stored_[stored.id.object.hex()] = text;
  }

  // Sparse UIDs, so that the tree has several levels, and mail of every shape.
  FolderRecord add_varied_folder(Writer& writer) {
    FolderDraft draft(folder_named("Archive & more"));
    draft.info().skipped = {{.uid = {3}, .reason = "the server sent no body"}};
    draft.info().attributes = {"\\HasNoChildren"};
    draft.info().highest_modseq = 99;
    const std::uint32_t count = tests::is_long_run() ? 300 : 180;
    for (std::uint32_t i = 0; i < count; ++i) {
      tests::MimeGenerator generator(i);
      put(writer, draft, i < 120 ? 1 + i : i * 100'003, generator.message(),
          i % 2 == 0 ? std::vector<std::string>{"$Label", "\\Seen"} : std::vector<std::string>{});
    }
    return writer.seal(draft);
  }

  // A folder as the reader's list should show it.
  static json as_listed(Reader& reader, const FolderRecord& folder) {
    json messages = json::array();
    reader.for_each_message(folder, [&](const MessageEntry& entry) {
      messages.push_back({{"uid", entry.uid.value},
                          {"name", entry.message.object.hex()},
                          {"digest", reader.digest(entry.message).hex()},
                          {"size", entry.size},
                          {"date", entry.internal_date.value().instant.time_since_epoch().count()},
                          {"zone", entry.internal_date.value().zone_minutes},
                          {"server_id", entry.server_id},
                          {"flags", entry.flags},
                          {"modseq", entry.modseq}});
    });
    return messages;
  }

  std::map<std::string, std::string> stored_;
  std::string key_ = location_.key_file.string();

 private:
  int extracted_ = 0;
};

TEST_F(PythonReader, ListsTheContentOfTheStore) {
  Writer writer = open_writer();
  const FolderRecord inbox = add_folder(writer, "INBOX", {sample_message(1), sample_message(2)});
  add_snapshot(writer, "alice", {inbox});
  writer.commit();
  add_snapshot(writer, "alice", {inbox, add_varied_folder(writer)});
  add_snapshot(writer, "bob", {add_folder(writer, "INBOX", {sample_message(2)})});
  writer.commit();

  const json listed = list();
  EXPECT_THAT(listed["troubles"], IsEmpty());
  Reader& reader = writer.reader();
  std::size_t place = 0;
  for (const std::string& account : reader.accounts()) {
    for (const SnapshotInfo& snapshot : reader.snapshots(account)) {
      const json& seen = listed["snapshots"].at(place++);
      EXPECT_EQ(seen["id"], snapshot.id.hex());
      EXPECT_EQ(seen["account"], account);
      EXPECT_EQ(seen["time"], snapshot.time.time_since_epoch().count());
      EXPECT_EQ(seen["status"], "complete");
      EXPECT_EQ(seen["sequence"], snapshot.sequence);
      EXPECT_EQ(seen["pinned_until"], snapshot.pinned_until.time_since_epoch().count());
      const std::vector<FolderRecord> folders = reader.folders(snapshot);
      ASSERT_EQ(seen["folders"].size(), folders.size());
      for (std::size_t i = 0; i < folders.size(); ++i) {
        const json& folder = seen["folders"].at(i);
        EXPECT_EQ(folder["name"], folders[i].info.raw_name);
        EXPECT_EQ(folder["receipt"], folders[i].receipt.digest.hex());
        EXPECT_EQ(folder["highestmodseq"], folders[i].info.highest_modseq);
        EXPECT_EQ(folder["skipped"].size(), folders[i].info.skipped.size());
        EXPECT_EQ(folder["messages"], as_listed(reader, folders[i]));
      }
    }
  }
  EXPECT_EQ(place, listed["snapshots"].size());
  EXPECT_EQ(place, 3U);
}

TEST_F(PythonReader, KnowsWhichHostRecordedEachCommit) {
  for (unsigned night = 1; night <= 2; ++night) {
    back_up_at(std::chrono::sys_seconds(std::chrono::days(20'000 + night)), "alice",
               samples(night, 1));
  }
  const json listed = list();
  EXPECT_THAT(listed["troubles"], IsEmpty());
  ASSERT_EQ(listed["owners"].size(), 1U);
  const json& owner = listed["owners"].at(0);
  EXPECT_EQ(owner["epoch"], 1);
  EXPECT_EQ(owner["since"], clock_.now_seconds().time_since_epoch().count());
  const BlockContext context = open_keys(location_, files_);
  Index index = Index::open_read_only(index_file(location_), context.store);
  ASSERT_EQ(listed["recorded"].size(), 2U);
  std::string previous(64, '0');
  for (std::uint64_t number = 1; number <= 2; ++number) {
    const json& record = listed["recorded"].at(number - 1);
    EXPECT_EQ(record["number"], number);
    EXPECT_EQ(record["last"], number);
    EXPECT_EQ(record["commit"], index.commit_id(number).value().hex());
    EXPECT_EQ(record["previous"], previous);
    EXPECT_EQ(record["epoch"], 1);
    EXPECT_EQ(record["host"], owner["host"]);
    EXPECT_TRUE(
        std::filesystem::exists(location_.store / "packs" / record["pack"].get<std::string>()));
    previous = record["commit"].get<std::string>();
  }
}

TEST_F(PythonReader, KnowsPins) {
  SnapshotInfo pinned;
  {
    Writer writer = open_writer();
    pinned = add_snapshot(writer, "alice", {add_folder(writer, "INBOX", {sample_message(1)})});
    writer.commit();  // a commit has one snapshot of an account
    add_snapshot(writer, "alice", {add_folder(writer, "INBOX", {sample_message(2)})});
    writer.commit();
  }
  pin_snapshot(location_, files_, clock_, pinned.id, kPinnedWithoutEnd);
  for (const bool is_pruned : {false, true}) {
    if (is_pruned) prune(location_, files_, clock_, {.drop = {pinned.id}});
    const json snapshots = list()["snapshots"];
    ASSERT_EQ(snapshots.size(), 2U);
    EXPECT_EQ(snapshots[0]["pinned_until"], kPinnedWithoutEnd.time_since_epoch().count());
    EXPECT_EQ(snapshots[1]["pinned_until"], 0);
  }
}

TEST_F(PythonReader, KnowsWhichSequencesAreUsedUp) {
  SnapshotInfo forgotten;
  {
    Writer writer = open_writer();
    const FolderRecord inbox = add_folder(writer, "INBOX", {sample_message(1)});
    add_snapshot(writer, "alice", {inbox});
    forgotten = add_snapshot(writer, "bob", {inbox});
    writer.commit();
  }
  EXPECT_EQ(list()["used_up"], 0);
  drop_snapshots(location_, files_, clock_, {forgotten.id});
  for (const bool is_pruned : {false, true}) {
    if (is_pruned) prune(location_, files_, clock_, {.grace = std::chrono::hours(0)});
    const json listed = list();
    EXPECT_THAT(listed["troubles"], IsEmpty());
    EXPECT_EQ(listed["used_up"], 1);
    EXPECT_EQ(listed["snapshots"].size(), 1U);
  }
}

TEST_F(PythonReader, KnowsTheFormatAndKeepsToTheExtensions) {
  const auto set = [&](const Extension& extension) {
    WriteSession session(location_, files_, clock_, Effort::kFast);
    Commit commit;
    commit.extensions = {extension};
    session.commit({commit});
  };
  back_up_at(std::chrono::sys_seconds(std::chrono::days(20'000)), "alice", samples(1, 1));
  Extension unknown{
      .tag = 4'711, .name = "a name", .forbids = Forbids::kNothing, .content = "a content"};
  set(unknown);
  for (const bool is_pruned : {false, true}) {
    if (is_pruned) prune(location_, files_, clock_, {.limits = {.dead_percent = 0}});
    const json listed = list();
    EXPECT_EQ(listed["format"], kStoreFormat);
    EXPECT_EQ(listed["extensions"], json::array({json::array({1, "", 3, "\x02"}),
                                                 json::array({4'711, "a name", 0, "a content"})}));
    EXPECT_THAT(listed["troubles"], IsEmpty());
  }
  unknown.forbids = Forbids::kReading;
  set(unknown);
  EXPECT_THROW(list(), base::Error);
}

// As mailstow 4062cab wrote it.
TEST_F(PythonReader, ReadsAnOlderStoreBeforeAndAfterItsConversion) {
  const base::Path older = directory_ / "older";
  std::filesystem::create_directory(older);
  tests::unpack_poisoned("prefix", older);
  location_ = {.store = older / "store", .index = older / "index", .key_file = older / "store.key"};
  key_ = location_.key_file.string();
  const auto list_snapshots = [&](std::uint64_t format) {
    json listed = list();
    EXPECT_EQ(listed["format"], format);
    EXPECT_THAT(listed["troubles"], IsEmpty());
    for (json& snapshot : listed["snapshots"]) snapshot.erase("place");
    return listed["snapshots"];
  };
  const json before = list_snapshots(1);
  const std::map<std::string, std::string> messages = extract();
  EXPECT_EQ(before.size(), 8U);
  reindex(location_, files_);
  open_writer();
  EXPECT_EQ(list_snapshots(kStoreFormat), before);
  EXPECT_TRUE(extract() == messages);
}

// The commits of an older version have no sequences: a reader numbers their lines itself.
TEST_F(PythonReader, NumbersTheSnapshotsOfAnOlderStore) {
  constexpr std::chrono::sys_seconds kFirstNight{std::chrono::seconds(1'700'000'000)};
  constexpr std::chrono::days kOneDay{1};
  back_up_at(kFirstNight + kOneDay, "alice", samples(1, 1));
  back_up_at(kFirstNight, "alice", samples(2, 1));
  for (unsigned night = 0; night < 3; ++night) {
    back_up_at(kFirstNight + night * kOneDay, "bob", samples(3 + night, 1));
  }
  forget_sequences(location_, files_, clock_);
  reindex(location_, files_);
  const auto expect_equal = [&](std::size_t count) {
    const json listed = list()["snapshots"];
    std::vector<SnapshotInfo> snapshots;
    Reader reader = open_reader();
    for (const std::string& account : reader.accounts()) {
      std::ranges::copy(reader.snapshots(account), std::back_inserter(snapshots));
    }
    ASSERT_EQ(snapshots.size(), count);
    ASSERT_EQ(listed.size(), count);
    for (std::size_t at = 0; at < count; ++at) {
      EXPECT_EQ(listed[at]["id"], snapshots[at].id.hex());
      EXPECT_EQ(listed[at]["sequence"], snapshots[at].sequence);
    }
  };
  expect_equal(5);
  std::set<ObjectId> forgotten;
  for (const SnapshotInfo& info : open_reader().snapshots("bob")) forgotten.insert(info.id);
  drop_snapshots(location_, files_, clock_, forgotten);
  EXPECT_EQ(back_up_at(kFirstNight + 2 * kOneDay, "alice", samples(6, 1)).sequence, 4U);
  expect_equal(3);
}

TEST_F(PythonReader, ExtractsEveryMessage) {
  Writer writer = open_writer();
  FolderDraft large(folder_named("Large"));
  put(writer, large, 1, tests::mail_with_attachments({tests::random_bytes(1, 4'500'000)}));
  put(writer, large, 2, "Subject: no MIME\r\n\r\n" + random_text(1, 4'500'000));
  put(writer, large, 3, std::string("\0\r\n", 3));
  add_snapshot(writer, "alice", {add_varied_folder(writer), writer.seal(large)});
  writer.commit();
  EXPECT_TRUE(extract() == stored_);
}

TEST_F(PythonReader, ReadsOnlyTheLivingContentOfAPrunedStore) {
  SnapshotInfo dropped;
  {
    Writer writer = open_writer();
    dropped = add_snapshot(writer, "alice", {add_folder(writer, "INBOX", {sample_message(1)})});
    writer.commit();
    add_snapshot(writer, "alice", {add_folder(writer, "INBOX", {sample_message(2)})});
    writer.commit();
  }
  for (const auto grace : {std::chrono::hours(24), std::chrono::hours(0)}) {
    prune(location_, files_, clock_, {.drop = {dropped.id}, .grace = grace});
    const json listed = list();
    EXPECT_EQ(listed["troubles"], json::array());
    ASSERT_EQ(1U, listed["snapshots"].size());
    const std::map<std::string, std::string> messages = extract();
    ASSERT_EQ(1U, messages.size()) << "objects of condemned packs alone no longer count";
    EXPECT_EQ(sample_message(2), messages.begin()->second);
  }
}

TEST_F(PythonReader, OpensTheStoreWithAPassphrase) {
  add_passphrase(location_, files_, clock_, base::Secret("correct horse"));
  std::filesystem::remove(location_.key_file);
  const base::Path passphrase = directory_ / "passphrase";
  std::ofstream(passphrase) << "correct horse\n";
  key_ = "passphrase:" + passphrase.string();
  EXPECT_THAT(list()["troubles"], IsEmpty());
}

TEST_F(PythonReader, FindsEverythingWithoutHeaderTrailerAndFooter) {
  Writer writer = open_writer();
  add_snapshot(writer, "alice", {add_varied_folder(writer)});
  writer.commit();
  for (const base::Path& pack : packs()) {
    std::fstream file(pack, std::ios::binary | std::ios::in | std::ios::out);
    file.write("damaged!", 8);
    file.close();
    std::filesystem::resize_file(pack, std::filesystem::file_size(pack) - 100);
  }
  EXPECT_TRUE(extract() == stored_);
  EXPECT_THAT(list()["troubles"].dump(), HasSubstr("its name is not the SHA-256"));
}

TEST_F(PythonReader, NamesAMissingPack) {
  std::vector<base::Path> first;
  {
    Writer writer = open_writer();
    add_snapshot(writer, "alice", {add_folder(writer, "INBOX", {sample_message(1)})});
    writer.commit();
    first = packs();
    // Two messages, so that none of the leaves equals one of the first commit.
    add_snapshot(writer, "bob",
                 {add_folder(writer, "INBOX", {sample_message(2), sample_message(3)})});
    writer.commit();
  }
  for (const base::Path& pack : first) std::filesystem::remove(pack);
  const json listed = list();
  for (const base::Path& pack : first)
    EXPECT_THAT(listed["troubles"].dump(), HasSubstr(pack.filename().string() + ": it is missing"));
  ASSERT_EQ(listed["snapshots"].size(), 1U);
  const json& snapshot = listed["snapshots"].at(0);
  EXPECT_EQ(snapshot["account"], "bob");
  ASSERT_EQ(snapshot["folders"].size(), 1U);
  EXPECT_EQ(snapshot["folders"].at(0)["messages"].size(), 2U);
}

}  // namespace
}  // namespace store
