// What a reader in Python, written from docs/pack-format.md alone, knows besides the mail: commits
// and their records, pins, extensions, trees.
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "base/atomic_file.h"
#include "base/error.h"
#include "store/format/layout.h"
#include "store/index/index.h"
#include "store/keys/key_slot.h"
#include "store/maintenance/dropping.h"
#include "store/maintenance/prune.h"
#include "store/tree_record.h"
#include "store/write_session.h"
#include "tests/store/reader/python_reader.h"
#include "tests/store/storage/model_storage.h"

namespace store {
namespace {

using nlohmann::json;
using testing::IsEmpty;

class PythonRecords : public PythonReader {};

TEST_F(PythonRecords, KnowsWhichHostRecordedEachCommit) {
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

// As if another host had committed at the same time, and had been slower to record it.
TEST_F(PythonRecords, LeavesOutACommitInWhosePlaceAnotherIsRecorded) {
  back_up_at(std::chrono::sys_seconds(std::chrono::days(20'000)), "alice", samples(1, 1));
  Location other = location_;
  other.store = directory_ / "other-store";
  other.index = directory_ / "other-index";
  other.key_file = directory_ / "other.key";
  std::filesystem::copy(location_.store, other.store, std::filesystem::copy_options::recursive);
  std::filesystem::copy_file(location_.key_file, other.key_file);
  {
    Writer writer = Writer::open(other, files_, clock_);
    add_snapshot(writer, "carol", {add_folder(writer, "INBOX", samples(2, 1))});
    writer.commit();
  }
  back_up_at(std::chrono::sys_seconds(std::chrono::days(20'001)), "bob", samples(3, 1));
  for (const auto& pack : std::filesystem::directory_iterator(other.store / "packs")) {
    std::filesystem::copy(pack.path(), location_.store / "packs",
                          std::filesystem::copy_options::skip_existing);
  }
  ASSERT_EQ(packs().size(), 3U);
  const json listed = list();
  EXPECT_THAT(listed["troubles"], IsEmpty());
  ASSERT_EQ(listed["snapshots"].size(), 2U);
  EXPECT_EQ(listed["snapshots"][0]["account"], "alice");
  EXPECT_EQ(listed["snapshots"][1]["account"], "bob");
  EXPECT_EQ(extract().size(), 2U);
}

// Where names are not created once, they have more than a number, and a fence stops other writers.
TEST_F(PythonRecords, ReadsABucket) {
  const auto model = std::make_shared<tests::ModelStorage>(StorageTraits{});
  model->set_conditions(tests::Conditions::kKept);
  Location bucket = location_;
  bucket.index = directory_ / "bucket-index";
  bucket.key_file = directory_ / "bucket.key";
  bucket.storage = model;
  bucket.fenced_bucket = "a bucket";
  init(bucket, files_, clock_);
  {
    Writer writer = Writer::open(bucket, files_, clock_);
    add_snapshot(writer, "alice", {add_folder(writer, "INBOX", {sample_message(1)})});
    writer.commit();
  }
  location_.store = directory_ / "bucket";
  key_ = bucket.key_file.string();
  for (const auto& [name, bytes] : model->contents()) {
    const base::Path file = location_.store / name.text();
    std::filesystem::create_directories(file.parent_path());
    base::write_file(files_, file, bytes, base::OnExisting::kReplace);
  }
  const json listed = list();
  EXPECT_THAT(listed["troubles"], IsEmpty());
  EXPECT_EQ(listed["snapshots"].size(), 1U);
  ASSERT_EQ(listed["owners"].size(), 1U);
  ASSERT_EQ(listed["recorded"].size(), 1U);
  EXPECT_EQ(listed["recorded"][0]["host"], listed["owners"][0]["host"]);
  EXPECT_EQ(listed["fences"], listed["recorded"]) << "the same record, sealed for both names";
}

TEST_F(PythonRecords, KnowsWhatIsRecordedOfAnAccount) {
  {
    Writer writer = open_writer();
    writer.add_snapshot({.account = "alice",
                         .time = clock_.now_seconds(),
                         .personal_prefix = "INBOX.",
                         .folders = {add_folder(writer, "INBOX", {sample_message(1)})},
                         .properties = {{"asked", "17"}, {"subscription", "INBOX"}}});
    writer.commit();
  }
  const json snapshot = list()["snapshots"].at(0);
  EXPECT_EQ(snapshot["prefix"], "INBOX.");
  EXPECT_EQ(snapshot["properties"], json::parse(R"([["asked", "17"], ["subscription", "INBOX"]])"));
}

TEST_F(PythonRecords, KnowsTheTrees) {
  TreeRecord tree;
  tree.id = TreeRecords::new_id();
  tree.account = "alice";
  tree.server = "main";
  tree.user = "alice@example.org";
  tree.host = std::string(32, 'a');
  tree.name = tree.raw_name = "RESTORED";
  tree.delimiter = '/';
  tree.created = clock_.now_seconds();
  tree.expires = tree.created + std::chrono::hours(1);
  tree.request = "{}";
  tree.levels = {
      {.raw_name = "RESTORED",
       .state = LevelState::kNotOurs,
       .identity = std::nullopt,
       .messages = {}},
      {.raw_name = "RESTORED/INBOX",
       .state = LevelState::kCreated,
       .identity = LevelIdentity{.uid_validity = 7, .mailbox_id = "M7"},
       .messages = {{.uid = {3}, .size = 10, .internal_date = tree.created, .message = {}}}}};
  TreeRecords records = TreeRecords::open(location_, files_, clock_);
  records.put(tree);
  tree.state = TreeState::kComplete;
  records.put(tree);
  const json listed = list();
  EXPECT_THAT(listed["troubles"], IsEmpty());
  const std::int64_t now = tree.created.time_since_epoch().count();
  const std::string nothing(64, '0');
  const json levels = {
      {{"raw_name", "RESTORED"}, {"state", "not mailstow's"}, {"messages", json::array()}},
      {{"raw_name", "RESTORED/INBOX"},
       {"state", "created"},
       {"uidvalidity", 7},
       {"mailbox_id", "M7"},
       {"messages", json::array({json::array({3, 10, now, nothing})})}}};
  const json expected = {{"version", 4},        {"counter", 2},
                         {"put", now},          {"id", tree.id},
                         {"account", "alice"},  {"server", "main"},
                         {"name", "RESTORED"},  {"raw_name", "RESTORED"},
                         {"delimiter", "/"},    {"state", "complete"},
                         {"created", now},      {"expires", now + 3'600},
                         {"snapshot", nothing}, {"request", "{}"},
                         {"levels", levels},    {"user", "alice@example.org"},
                         {"host", tree.host}};
  EXPECT_EQ(listed["trees"], json::array({expected}));
}

TEST_F(PythonRecords, KnowsPins) {
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

TEST_F(PythonRecords, KnowsWhichSequencesAreUsedUp) {
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

TEST_F(PythonRecords, KnowsTheFormatAndKeepsToTheExtensions) {
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

}  // namespace
}  // namespace store
