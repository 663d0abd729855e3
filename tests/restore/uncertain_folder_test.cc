// A folder that a backup could not read in full: what it lacks is not known to be gone, and every
// command that compares says so.
#include <string>

#include <gmock/gmock.h>

#include "tests/restore/written_history.h"

namespace restore {
namespace {

using programs::find_by;
using programs::json;
using store::FolderCompleteness;
using testing::HasSubstr;
using testing::Not;

class UncertainFolderTest : public WrittenHistory {};

TEST_F(UncertainFolderTest, DiffReportsItUnderTheEarlierNameToo) {
  const std::string first = back_up("alice", {{"INBOX", {"one"}}, {"Old", {"two", "three"}}});
  back_up("alice", {{"INBOX", {"one"}}, {"New", {"two", "three"}, FolderCompleteness::kInProgress}},
          store::SnapshotStatus::kPartial);
  for (const std::string name : {"Old", "old", "New"}) {
    const json found = mailstow_.restore_json({"diff", "alice", "--from", first, "--folder", name});
    ASSERT_EQ(found["folders"].size(), 1U) << found;
    EXPECT_EQ(found["folders"][0]["from_folder"], "Old");
    EXPECT_EQ(found["uncertain"], json::array({"New"})) << name;
    EXPECT_THAT(mailstow_.restore({"diff", "alice", "--from", first, "--folder", name}).err,
                HasSubstr("New: one of the two backups did not read it in full"));
  }
  const auto inbox = mailstow_.restore({"diff", "alice", "--from", first, "--folder", "INBOX"});
  EXPECT_THAT(inbox.err, Not(HasSubstr("in full")));
}

TEST_F(UncertainFolderTest, ShowDoesNotTakeAMessageForGone) {
  back_up("alice", {{"INBOX", {"one", "two"}}, {"Work", {"three"}}});
  const std::string id =
      mailstow_.restore_json({"messages", "alice", "INBOX"})["messages"][1]["message"];
  const auto shown = [&] { return mailstow_.restore_json({"show", "alice", id}); };
  EXPECT_EQ(shown()["places"][0]["note"], "");

  back_up("alice", {{"INBOX", {"one"}, FolderCompleteness::kInProgress}, {"Work", {"three"}}},
          store::SnapshotStatus::kPartial);
  const json doubted = shown();
  EXPECT_EQ(doubted["still_there"], nullptr);
  EXPECT_EQ(doubted["gone_since"], nullptr);
  EXPECT_EQ(doubted["unread"], json::array({"INBOX"}));
  const auto text = mailstow_.restore({"show", "alice", id});
  EXPECT_THAT(text.out, HasSubstr("the newest backup did not read its folder in full"));
  EXPECT_THAT(text.err, HasSubstr("INBOX: the newest backup did not read it in full"));

  // Another folder that was not read does not hide that this one lost it.
  back_up("alice", {{"INBOX", {"one"}}, {"Work", {"three"}, FolderCompleteness::kInProgress}},
          store::SnapshotStatus::kPartial);
  const json gone = shown();
  EXPECT_EQ(gone["still_there"], false);
  EXPECT_NE(gone["gone_since"], nullptr);
  EXPECT_EQ(gone["unread"], json::array({"Work"}));
}

TEST_F(UncertainFolderTest, ShowDoesNotTakeAnUnreadableFolderForOneThatHasIt) {
  back_up("alice", {{"INBOX", {"one"}}});
  const std::string id =
      mailstow_.restore_json({"messages", "alice", "INBOX"})["messages"][0]["message"];
  back_up("alice", {{"INBOX", {"one"}, FolderCompleteness::kUnreadable}},
          store::SnapshotStatus::kPartial);
  const json shown = mailstow_.restore_json({"show", "alice", id});
  EXPECT_EQ(shown["still_there"], nullptr);
  EXPECT_EQ(shown["places"][0]["note"], "could not be read: as of the backup before");
  const auto text = mailstow_.restore({"show", "alice", id});
  EXPECT_THAT(text.out, HasSubstr("the newest backup could not read its folder"));
}

TEST_F(UncertainFolderTest, SearchDoesNotTakeAMessageForGone) {
  back_up("alice", {{"INBOX", {"one", "two"}}, {"Work", {"three"}}});
  back_up("alice",
          {{"INBOX", {"one"}, FolderCompleteness::kInProgress},
           {"Work", {"three"}, FolderCompleteness::kUnreadable}},
          store::SnapshotStatus::kPartial);
  const auto found = [&](const std::string& subject) {
    return mailstow_.restore_json({"search", "alice", subject})["messages"][0];
  };
  EXPECT_EQ(found("one")["still_there"], true);
  EXPECT_EQ(found("one")["now_in"], json::array({"INBOX"}));
  for (const std::string subject : {"two", "three"}) {
    const json doubted = found(subject);
    EXPECT_EQ(doubted["still_there"], nullptr) << subject;
    EXPECT_EQ(doubted["now_in"], nullptr) << subject;
    EXPECT_EQ(doubted["gone_since"], nullptr) << subject;
  }
  const auto text = mailstow_.restore({"search", "alice", "two"});
  EXPECT_THAT(text.out, HasSubstr("unknown"));
  EXPECT_THAT(text.err, HasSubstr("INBOX: the newest backup did not read it in full"));

  // The first backup that read INBOX in full proves it, whatever the following ones read.
  back_up("alice", {{"INBOX", {"one"}}, {"Work", {"three"}}});
  const json proof = mailstow_.restore_json({"snapshots", "alice"})["snapshots"][2];
  back_up("alice", {{"INBOX", {}, FolderCompleteness::kInProgress}, {"Work", {"three"}}},
          store::SnapshotStatus::kPartial);
  EXPECT_EQ(found("two")["still_there"], false);
  EXPECT_EQ(found("two")["gone_since"], proof["time"]);
  EXPECT_EQ(found("three")["still_there"], true);
}

}  // namespace
}  // namespace restore
