// A reader in Python, written from docs/pack-format.md alone, reads the stores that mailstow
// writes.
#include "tests/store/reader/python_reader.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
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

#include "base/secret.h"
#include "store/keys/key_ring.h"
#include "store/maintenance/dropping.h"
#include "store/maintenance/prune.h"
#include "store/maintenance/reindex.h"
#include "tests/store/message/mime_generator.h"
#include "tests/store/older_store.h"
#include "tests/store/poisoned/poisoned_store.h"
#include "tests/store/random_bytes.h"

namespace store {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::IsEmpty;

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
    if (grace > std::chrono::hours(0)) {
      EXPECT_FALSE(listed["condemned"].empty());
    }
    for (const json& since : listed["condemned"]) {
      EXPECT_EQ(since, clock_.now_seconds().time_since_epoch().count());
    }
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
