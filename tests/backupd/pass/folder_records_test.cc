#include "backupd/pass/folder_records.h"

#include <gtest/gtest.h>

namespace backupd {
namespace {

store::FolderRecord record_named(std::string raw_name, std::string mailbox_id,
                                 std::uint64_t messages = 0) {
  store::FolderRecord record;
  record.info.raw_name = std::move(raw_name);
  record.info.mailbox_id = std::move(mailbox_id);
  record.receipt.messages = messages;
  return record;
}

bool has_folder_of(const FolderRecords& records, std::string raw_name, std::string mailbox_id) {
  return records.has_folder_of(record_named(std::move(raw_name), std::move(mailbox_id)).info);
}

TEST(FolderRecordsTest, AFolderIsFoundByItsIdOrElseByItsName) {
  const FolderRecords records({record_named("Team", "M1"), record_named("Plain", "")});
  EXPECT_TRUE(has_folder_of(records, "Team", "M1"));
  EXPECT_TRUE(has_folder_of(records, "Group", "M1")) << "it was renamed";
  EXPECT_FALSE(has_folder_of(records, "Team", "M2")) << "another folder has its name now";
  EXPECT_TRUE(has_folder_of(records, "Team", ""));
  EXPECT_TRUE(has_folder_of(records, "Plain", "M3"));
  EXPECT_TRUE(has_folder_of(records, "Plain", ""));
  EXPECT_FALSE(has_folder_of(records, "Gone", ""));
  EXPECT_FALSE(has_folder_of(records, "Gone", "M4"));
}

TEST(FolderRecordsTest, AFolderIsLostIfNeitherItsNameNorItsIdIsThere) {
  store::FolderRecord container = record_named("Parent", "");
  container.info.completeness = store::FolderCompleteness::kContainer;
  const FolderRecords now({record_named("Team", "M1"), container});
  const auto has_lost = [&](const store::FolderRecord& record) {
    return now.has_lost_any_of(FolderRecords({record_named("Team", "M1"), record}));
  };
  EXPECT_FALSE(has_lost(record_named("Group", "M1"))) << "it was renamed";
  EXPECT_TRUE(has_lost(record_named("Gone", "")));
  EXPECT_TRUE(has_lost(record_named("Gone", "M4")));
  EXPECT_TRUE(has_lost(record_named("Parent", ""))) << "another one has its name now";
  EXPECT_FALSE(has_lost(container));
  container.info.raw_name = "Gone";
  EXPECT_FALSE(has_lost(container)) << "it had no messages";
}

// INBOX is case-insensitive, and earlier versions recorded it as the server wrote it.
TEST(FolderRecordsTest, InboxIsFoundHoweverItIsWritten) {
  FolderRecords records({record_named("Inbox", "")});
  records.add(record_named("mid", ""));
  EXPECT_EQ(records.by_name("INBOX"), &records.all().front());
  EXPECT_EQ(records.by_name("inbox"), &records.all().front());
  EXPECT_NE(records.by_name("mid"), nullptr);
  EXPECT_EQ(records.by_name("Mid"), nullptr);
  EXPECT_TRUE(has_folder_of(records, "INBOX", ""));
}

// A backup goes through the records of 60,000 folders once, not once for each folder.
TEST(FolderRecordsTest, EachRecordIsTakenOnce) {
  FolderRecords records({record_named("A", ""), record_named("B", "")});
  EXPECT_EQ(records.take_new().size(), 2U);
  EXPECT_EQ(records.take_new().size(), 0U);
  records.add(record_named("C", ""));
  FolderRecords copy = records;
  for (FolderRecords* const each : {&records, &copy}) {
    const auto taken = each->take_new();
    ASSERT_EQ(taken.size(), 1U);
    EXPECT_EQ(taken.front().info.raw_name, "C");
    EXPECT_EQ(each->take_new().size(), 0U);
  }
}

TEST(FolderRecordsTest, CountsTheMessagesOfAllFolders) {
  FolderRecords records({record_named("A", "", 3), record_named("B", "", 4)});
  records.add(record_named("C", "", 5));
  EXPECT_EQ(records.messages(), 12U);
  records.erase_if([](const store::FolderRecord& each) { return each.info.raw_name == "B"; });
  EXPECT_EQ(records.messages(), 8U);
  EXPECT_EQ(FolderRecords(records.all()).messages(), 8U);
}

}  // namespace
}  // namespace backupd
