// Stores that were poisoned by an earlier writer are read completely, and lose nothing.
#include <filesystem>
#include <map>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "store/format/layout.h"
#include "store/maintenance/check.h"
#include "store/maintenance/prune.h"
#include "store/maintenance/reindex.h"
#include "tests/store/poisoned/poisoned_store.h"
#include "tests/store/store_fixture.h"

namespace store {
namespace {

using testing::IsEmpty;

class PoisonedTest : public StoreFixture, public testing::WithParamInterface<const char*> {
 protected:
  PoisonedTest() {
    tests::unpack_poisoned(GetParam(), directory_);
    location_ = {.store = directory_ / "store",
                 .index = directory_ / "lost-index",
                 .key_file = directory_ / "store.key"};
  }

  void lose_index() { std::filesystem::remove_all(location_.index); }

  void make_index() { EXPECT_THAT(reindex(location_, files_).damage, IsEmpty()); }

  void expect_intact() {
    CheckOptions options;
    options.depth = CheckDepth::kReadData;
    const CheckReport report = check(location_, files_, options);
    EXPECT_THAT(report.damage, IsEmpty());
    EXPECT_THAT(report.damaged_messages, IsEmpty());
  }

  // A snapshot's content: every message with its folder, UID, flags and bytes, and the properties.
  struct Content {
    std::string prefix;
    std::vector<Property> properties;
    std::vector<std::pair<std::string, std::string>> folders;  // raw name, trouble
    std::vector<MessageEntry> entries;
    std::vector<std::string> messages;
    bool operator==(const Content&) const = default;
  };

  static Content content_of(Reader& reader, const SnapshotInfo& snapshot) {
    Content content;
    content.prefix = snapshot.personal_prefix;
    content.properties = reader.properties(snapshot);
    for (const FolderRecord& folder : reader.folders(snapshot)) {
      content.folders.emplace_back(folder.info.raw_name, folder.info.trouble);
      reader.for_each_message(folder, [&](const MessageEntry& entry) {
        content.entries.push_back(entry);
        content.messages.emplace_back(base::as_text(reader.read_message(entry.message).bytes()));
      });
    }
    return content;
  }

  // The snapshots of every account, oldest first.
  std::map<std::string, std::vector<Content>> everything() {
    std::map<std::string, std::vector<Content>> all;
    Reader reader = open_reader();
    for (const std::string& account : reader.accounts()) {
      for (const SnapshotInfo& snapshot : reader.snapshots(account)) {
        all[account].push_back(content_of(reader, snapshot));
      }
    }
    return all;
  }

  PruneReport prune_now() {
    PruneOptions options;
    options.grace = std::chrono::hours(24);
    options.limits.dead_percent = 0;
    return prune(location_, files_, clock_, options);
  }
};

std::size_t longest_flag(const std::vector<MessageEntry>& entries) {
  std::size_t longest = 0;
  for (const MessageEntry& entry : entries) {
    for (const std::string& flag : entry.flags) longest = std::max(longest, flag.size());
  }
  return longest;
}

std::size_t longest_value(const std::vector<Property>& properties) {
  std::size_t longest = 0;
  for (const Property& one : properties) longest = std::max(longest, one.value.size());
  return longest;
}

TEST_P(PoisonedTest, NothingIsLost) {
  const std::string kind = GetParam();
  make_index();
  expect_intact();
  const auto before = everything();
  ASSERT_EQ(before.size(), 2U);
  const std::size_t nights = tests::messages_in_poisoned(kind) == 5 ? 4 : 1;
  for (const char* const account : {"evil", "good"}) {
    const std::vector<Content>& snapshots = before.at(account);
    ASSERT_EQ(snapshots.size(), nights) << account;
    for (std::size_t night = 0; night < nights; ++night) {
      const std::size_t messages = nights == 1 ? 3 : night + 2;
      EXPECT_GE(snapshots[night].messages.size(), messages) << account;
      EXPECT_THAT(snapshots[night].messages[0], testing::HasSubstr("Subject: message 1\r\n"));
    }
  }

  // The poisoned data itself exists as the server sent it.
  const Content& poisoned = before.at("evil").back();
  if (nights == 4) {
    EXPECT_EQ(poisoned.prefix, std::string(100'000, 'p'));
  }
  if (kind == "metadata") {
    EXPECT_GT(longest_value(poisoned.properties), 1'048'570U);
  }
  if (kind == "keyword") {
    EXPECT_EQ(longest_flag(poisoned.entries), 100'000U);
  }
  if (kind == "trouble") {
    EXPECT_GT(poisoned.folders.back().second.size(), 1'200'000U);
  }

  // Prune rewrites all of it, unless it has done so before.
  EXPECT_EQ(prune_now().condemned > 0, kind != "pruned");
  clock_.moment += std::chrono::hours(48);
  prune_now();
  expect_intact();
  EXPECT_TRUE(everything() == before);
  lose_index();
  make_index();
  expect_intact();
  EXPECT_TRUE(everything() == before);
}

TEST_P(PoisonedTest, TheNextBackupContinuesWithIt) {
  make_index();
  {
    Writer writer = open_writer();
    EXPECT_THAT(writer.damage(), IsEmpty());
    const auto newest = writer.reader().newest_snapshot("evil");
    ASSERT_TRUE(newest);
    std::vector<FolderRecord> folders = writer.reader().folders(*newest);
    FolderDraft draft(writer.reader(), folders.at(0));
    const StoredMessage stored = add_message(writer, sample_message(1));
    draft.put(entry_of(1'000, stored), stored.digest);
    folders.at(0) = writer.seal(draft);
    SnapshotDraft snapshot;
    snapshot.account = "evil";
    snapshot.time = newest->time + std::chrono::hours(24);
    snapshot.personal_prefix = newest->personal_prefix;
    snapshot.properties = writer.reader().properties(*newest);
    snapshot.folders = folders;
    writer.add_snapshot(snapshot);
    writer.commit();
  }
  lose_index();
  make_index();
  expect_intact();
  Reader reader = open_reader();
  EXPECT_THAT(restore(reader, "evil", "INBOX"), testing::Contains(sample_message(1)));
}

INSTANTIATE_TEST_SUITE_P(Stores, PoisonedTest, testing::ValuesIn(tests::kPoisonedStores),
                         [](const auto& store) { return std::string(store.param); });

}  // namespace
}  // namespace store
