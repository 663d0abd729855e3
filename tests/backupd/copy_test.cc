// copy, and what is done with a copy, as an administrator does it.
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>

#include "tests/programs/installation.h"
#include "tests/servers/account_filler.h"
#include "tests/servers/delivery.h"
#include "tests/servers/dovecot.h"
#include "tests/servers/imap_client.h"
#include "tests/text_of.h"

namespace backupd {
namespace {

namespace fs = std::filesystem;
using programs::json;
using testing::HasSubstr;

class CopyCommandTest : public testing::Test {
 protected:
  CopyCommandTest() {
    servers::fill_account(server_, "alice", 20);
    mailstow_.make_store();
    mailstow_.config()["accounts"] = {{{"name", "alice"}, {"server", "main"}}};
    mailstow_.config()["copies"] = {{{"name", "nas"}, {"path", place().string()}}};
    mailstow_.save();
    mailstow_.backupd_json({"once"});
  }

  base::Path place() const { return mailstow_.directory() / "nas"; }

  void deliver() {
    const std::vector<servers::Delivery> mail = {{.bytes = "Subject: new\r\n\r\nnew\r\n"}};
    server_.client("alice").append("INBOX", mail);
    mailstow_.backupd_json({"once"});
  }

  json copy(int status = 0, std::vector<std::string> arguments = {}) const {
    arguments.insert(arguments.begin(), "copy");
    const json document = mailstow_.backupd_json(arguments, status);
    return document.contains("copies") ? document["copies"][0] : document;
  }

  json known_states() const {
    return json::parse(tests::text_of(mailstow_.index() / "copies.json"));
  }

  servers::Dovecot server_;
  programs::Installation mailstow_{server_};
};

TEST_F(CopyCommandTest, BringsACopyUpToDateThatReplacesTheStore) {
  EXPECT_THAT(mailstow_.backupd_json({"status"})["copies"][0]["alarm"].dump(),
              HasSubstr("was never made"));
  json report = copy();
  EXPECT_EQ("nas", report["copy"]);
  EXPECT_EQ("complete", report["status"]);
  EXPECT_EQ(1, report["packs"]);
  EXPECT_EQ(1, report["commits"]);
  EXPECT_EQ(0, report["commits_behind"]);
  report = copy(0, {"nas"});
  EXPECT_EQ(0, report["packs"]);
  EXPECT_EQ(1, report["commit"]["number"]);

  const json pruned = mailstow_.backupd_json({"copy", "nas", "--prune"});
  EXPECT_EQ(0, pruned["deleted"]);
  EXPECT_EQ(0, pruned["not_removed"]);
  EXPECT_EQ(2, mailstow_.backupd({"copy", "--prune"}).status) << "without a name";

  deliver();
  json known = mailstow_.backupd_json({"status"})["copies"][0];
  EXPECT_EQ(1, known["commits_behind"]);
  EXPECT_TRUE(known["alarm"].is_null()) << known;
  const auto text = mailstow_.backupd({"copy"});
  EXPECT_EQ(0, text.status);
  EXPECT_THAT(text.out, HasSubstr("copy nas is at commit 2, made "));
  EXPECT_THAT(text.out, HasSubstr("; sent: 1 pack with "));
  known = mailstow_.backupd_json({"status"})["copies"][0];
  EXPECT_EQ(0, known["commits_behind"]);
  EXPECT_THAT(mailstow_.backupd({"status"}).out, HasSubstr("COMMITS BEHIND"));

  fs::rename(mailstow_.store(), mailstow_.directory() / "burnt");
  fs::rename(mailstow_.index(), mailstow_.directory() / "burnt.index");
  mailstow_.config()["store"]["path"] = place().string();
  mailstow_.config().erase("copies");
  mailstow_.save();
  EXPECT_EQ("complete", mailstow_.backupd_json({"reindex"})["status"]);
  const json checked = mailstow_.backupd_json({"check", "--read-data"});
  EXPECT_EQ("intact", checked["status"]);
  EXPECT_EQ(21, checked["messages"]);
  deliver();
}

TEST_F(CopyCommandTest, ForgettingAnAccountWaitsToBeAccepted) {
  copy();
  ASSERT_EQ(0, mailstow_.backupd({"forget", "alice", "--yes"}).status);
  const json report = copy(3);
  EXPECT_EQ("held", report["status"]);
  const std::string id = report["held"]["id"];
  EXPECT_THAT(report["held"]["reasons"].dump(), HasSubstr("it drops the newest backup of alice"));
  const auto text = mailstow_.backupd({"copy"});
  EXPECT_EQ(3, text.status);
  EXPECT_THAT(text.out, HasSubstr("mailstow-backupd copy nas --accept " + id.substr(0, 16)));
  const json brief = mailstow_.backupd_json({"status", "--brief"}, 3);
  EXPECT_FALSE(programs::find_by(brief["alarms"], "kind", "copy").is_null());

  const json pruned = mailstow_.backupd_json({"copy", "nas", "--prune"}, 3);
  EXPECT_EQ(0, pruned["deleted"]);
  EXPECT_THAT(pruned["why"].get<std::string>(), HasSubstr("is not followed"));
  EXPECT_EQ(2, mailstow_.backupd({"copy", "--accept", id}).status) << "without a name";
  EXPECT_EQ(2, mailstow_.backupd({"copy", "nas", "--accept", "12"}).status);
  EXPECT_EQ(3, mailstow_.backupd({"copy", "nas", "--accept", "0123456789"}).status);
  EXPECT_EQ("complete", copy(0, {"nas", "--accept", id.substr(0, 16)})["status"]);
  EXPECT_EQ("complete", copy()["status"]);
}

TEST_F(CopyCommandTest, DamageOfTheStoreIsNotCopied) {
  copy();
  constexpr int kDaysAgo = 1'700'000'000;
  json states = known_states();
  states["nas"]["seen"] = kDaysAgo;
  std::ofstream(mailstow_.index() / "copies.json") << states;
  const fs::path before = *fs::directory_iterator(mailstow_.store() / "packs");
  deliver();
  for (const auto& entry : fs::directory_iterator(mailstow_.store() / "packs")) {
    if (entry.path() != before) fs::resize_file(entry.path(), 100);
  }
  const json report = copy(4);
  EXPECT_EQ("damaged", report["status"]);
  EXPECT_EQ(1, report["commit"]["number"]);
  EXPECT_EQ(1, report["commits_behind"]);
  EXPECT_THAT(report["damage"].dump(), HasSubstr("commit 2 can't be copied"));
  EXPECT_EQ(kDaysAgo, known_states()["nas"]["seen"]) << "or no alarm would be raised";
}

TEST_F(CopyCommandTest, AnInterruptedFirstCopyIsExpectedToBeThere) {
  copy();
  json states = known_states();
  EXPECT_EQ(true, states["nas"]["has_begun"]);
  // As if it had ended before its first commit.
  for (const char* area : {"keys", "commits"}) fs::remove_all(place() / area);
  states["nas"]["commit"] = 0;
  states["nas"]["seen"] = 0;
  std::ofstream(mailstow_.index() / "copies.json") << states;
  fs::rename(place(), mailstow_.directory() / "elsewhere");
  EXPECT_THAT(mailstow_.backupd({"copy"}).err, HasSubstr("the copy that was there is gone"));
  EXPECT_FALSE(fs::exists(place()));
  fs::rename(mailstow_.directory() / "elsewhere", place());
  const json report = copy();
  EXPECT_EQ("complete", report["status"]);
  EXPECT_EQ(0, report["packs"]) << "it continues";
}

TEST_F(CopyCommandTest, RefusesWhatIsNoPlaceForACopy) {
  const auto unknown = mailstow_.backupd({"copy", "nes"});
  EXPECT_EQ(2, unknown.status);
  EXPECT_THAT(unknown.err, HasSubstr("did you mean \"nas\"?"));
  fs::create_directory(place());
  std::ofstream(place() / "letter.txt") << "Dear";
  EXPECT_THAT(mailstow_.backupd({"copy"}).err, HasSubstr("it contains something else"));
  fs::remove_all(place());
  copy();
  // Its disk is not mounted.
  fs::rename(place(), mailstow_.directory() / "elsewhere");
  const auto gone = mailstow_.backupd({"copy"});
  EXPECT_EQ(1, gone.status);
  EXPECT_THAT(gone.err, HasSubstr("the copy that was there is gone"));
  EXPECT_FALSE(fs::exists(place()));
  fs::create_directory_symlink(mailstow_.store(), place());
  const auto store = mailstow_.backupd({"copy"});
  EXPECT_EQ(2, store.status);
  EXPECT_THAT(store.err, HasSubstr("must not lie in each other"));
  mailstow_.config().erase("copies");
  mailstow_.save();
  EXPECT_EQ(2, mailstow_.backupd({"copy"}).status);
}

TEST_F(CopyCommandTest, OneCopyThatFailsDoesNotKeepTheOthersFromBeingMade) {
  mailstow_.config()["copies"] = {
      {{"name", "gone"}, {"path", (mailstow_.directory() / "no" / "disk").string()}},
      {{"name", "nas"}, {"path", place().string()}}};
  mailstow_.save();
  const json report = mailstow_.backupd_json({"copy"}, 2)["copies"];
  ASSERT_EQ(2U, report.size());
  EXPECT_EQ("failed", report[0]["status"]);
  EXPECT_THAT(report[0]["error"].get<std::string>(), HasSubstr("is missing"));
  EXPECT_EQ("complete", report[1]["status"]);
}

}  // namespace
}  // namespace backupd
