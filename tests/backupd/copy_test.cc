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
using testing::StartsWith;

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

// Without being named, and also while its disk is not mounted.
TEST_F(CopyCommandTest, TheGracePeriodIsNotSkippedWhileACopyIsBehind) {
  copy();
  deliver();
  const auto packs = [&] {
    return std::distance(fs::directory_iterator(mailstow_.store() / "packs"), {});
  };
  const auto before = packs();
  const auto expect_refused = [&](const std::string& why) {
    const auto refused = mailstow_.backupd({"prune", "--skip-grace"});
    EXPECT_EQ(2, refused.status) << refused.out;
    EXPECT_THAT(refused.err, HasSubstr(why));
    EXPECT_THAT(refused.err, HasSubstr("mailstow-backupd copy nas"));
    EXPECT_EQ(before, packs()) << "nothing was deleted";
  };
  expect_refused("the copy nas lacks pack");
  fs::rename(place(), mailstow_.directory() / "away");
  expect_refused("mount its disk");
  fs::create_directory(place());
  expect_refused("mount its disk");
  fs::remove(place());
  fs::rename(mailstow_.directory() / "away", place());

  copy();
  const json done = mailstow_.backupd_json({"prune", "--skip-grace"});
  EXPECT_GE(done["packs"]["deleted"], 1) << done;
  EXPECT_EQ(0, done["packs"]["waiting"]);
}

// An update would never send them, so it must not be required.
TEST_F(CopyCommandTest, ACopyOfAnotherMachineMayLackPacksThatItsCommitsCondemn) {
  mailstow_.config()["retention"] = {{"grace", "24h"}};
  mailstow_.save();
  deliver();
  EXPECT_GE(mailstow_.backupd_json({"prune"})["packs"]["waiting"], 1);
  copy();
  mailstow_.config().erase("copies");
  mailstow_.save();
  const std::vector<std::string> prune = {"prune", "--skip-grace", "--copy", place().string()};
  const json done = mailstow_.backupd_json(prune);
  EXPECT_GE(done["packs"]["deleted"], 1) << done;
  EXPECT_EQ(0, done["packs"]["waiting"]);

  fs::rename(place(), mailstow_.directory() / "away");
  const auto refused = mailstow_.backupd(prune);
  EXPECT_EQ(2, refused.status);
  EXPECT_THAT(refused.err, HasSubstr("mount its disk, or prune without the option"));
}

// Only what `copy` has recorded is known of it.
TEST_F(CopyCommandTest, TheGracePeriodIsNotSkippedIfACopyInABucketMayLackPacks) {
  copy();
  json state = known_states()["nas"];
  EXPECT_EQ(true, state["complete"]);
  const base::Path secret = mailstow_.directory() / "secret";
  std::ofstream(secret) << "secret\n";
  fs::permissions(secret, fs::perms::owner_read | fs::perms::owner_write);
  mailstow_.config()["copies"] = {{{"name", "cloud"},
                                   {"s3",
                                    {{"url", "https://storage.example.org"},
                                     {"bucket", "mail"},
                                     {"access_key", "key"},
                                     {"secret_key_file", secret.string()}}}}};
  mailstow_.save();
  const auto prune_with = [&](const json& known) {
    std::ofstream(mailstow_.index() / "copies.json") << json({{"cloud", known}});
    return mailstow_.backupd({"prune", "--skip-grace"});
  };
  json damaged = state;
  damaged["complete"] = false;
  json of_earlier_version = state;
  of_earlier_version.erase("complete");
  for (const json& known : {damaged, of_earlier_version}) {
    const auto refused = prune_with(known);
    EXPECT_EQ(2, refused.status) << refused.out;
    EXPECT_THAT(refused.err,
                HasSubstr("copy cloud is not known to be complete: run mailstow-backupd copy "));
  }
  const auto done = prune_with(state);
  EXPECT_EQ(0, done.status) << done.err;
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

TEST_F(CopyCommandTest, AKeyThatIsGoneStopsTheCopyAndItsPrune) {
  const base::Path other = mailstow_.directory() / "other.key";
  const std::string key =
      mailstow_.backupd_json({"key", "add", "--key-file", other.string()})["id"];
  copy();
  ASSERT_EQ(0, mailstow_.backupd({"key", "remove", key}).status);
  deliver();
  EXPECT_EQ("complete", copy()["status"]) << "nothing was dropped";
  mailstow_.config()["retention"] = {{"keep_within", "0s"}, {"last", 1},    {"daily", 0},
                                     {"weekly", 0},         {"monthly", 0}, {"grace", "0s"}};
  mailstow_.save();
  mailstow_.backupd_json({"prune"});
  const json report = copy(3);
  EXPECT_EQ("held", report["status"]);
  EXPECT_EQ(json::array({"the store no longer has the key " + key}), report["held"]["reasons"]);
  const json brief = mailstow_.backupd_json({"status", "--brief"}, 3);
  EXPECT_FALSE(programs::find_by(brief["alarms"], "kind", "copy").is_null());
  const json pruned = mailstow_.backupd_json({"copy", "nas", "--prune"}, 3);
  EXPECT_EQ(0, pruned["deleted"]);
  EXPECT_THAT(pruned["why"].get<std::string>(), HasSubstr("is not followed"));
  const std::string id = report["held"]["id"];
  EXPECT_EQ("complete", copy(0, {"nas", "--accept", id.substr(0, 16)})["status"]);
  mailstow_.backupd_json({"copy", "nas", "--prune"});
}

// The day before is commit 1. Then everything is forgotten and deleted, and the copy has followed.
TEST_F(CopyCommandTest, AfterAnAttackEverythingIsRestoredAsOfTheDayBefore) {
  const auto export_to = [&](const std::string& name, std::vector<std::string> more) {
    const base::Path to = mailstow_.directory() / name;
    more.insert(more.begin(), {"export", "alice", "--format", "eml", "--to", to.string()});
    mailstow_.restore_json(more);
    return tests::text_of(to / "manifest.jsonl");
  };
  const std::string before = export_to("before", {});
  mailstow_.config()["retention"] = {{"grace", "0s"}};
  mailstow_.save();
  copy();
  ASSERT_EQ(0, mailstow_.backupd({"forget", "alice", "--yes"}).status);
  for (int time = 0; time < 2; ++time) mailstow_.backupd_json({"prune"});
  const std::string id = copy(3)["held"]["id"];
  EXPECT_EQ("complete", copy(0, {"nas", "--accept", id})["status"]);

  mailstow_.config().erase("copies");
  mailstow_.config()["store"]["path"] = place().string();
  mailstow_.config()["store"]["index"] = (mailstow_.directory() / "index-of-copy").string();
  mailstow_.config()["store"]["own_index"] = true;
  mailstow_.save();
  EXPECT_TRUE(mailstow_.restore_json({"accounts"})["accounts"].empty());
  const json accounts = mailstow_.restore_json({"accounts", "--as-of", "1"});
  EXPECT_EQ("alice", accounts["accounts"][0]["account"]);
  EXPECT_EQ(20, accounts["accounts"][0]["messages"]);
  EXPECT_EQ(1, accounts["as_of"]["number"]);
  EXPECT_EQ(true, accounts["as_of"]["whole"]);
  EXPECT_EQ(1, accounts["as_of"]["next"]["dropped"]);
  const auto text = mailstow_.restore({"snapshots", "alice", "--as-of", "1"});
  EXPECT_EQ(0, text.status);
  EXPECT_THAT(text.out, StartsWith("As of commit 1 of "));
  EXPECT_THAT(text.out, HasSubstr("; it dropped 1 snapshot.\n"));
  EXPECT_EQ(before, export_to("after", {"--as-of", "1"}));

  const std::vector<std::string> search = {"search", "alice", "before:2099-01-01", "--as-of", "1"};
  EXPECT_THAT(mailstow_.restore(search).err, HasSubstr("mailstow-backupd reindex --as-of"));
  const json made = mailstow_.backupd_json({"reindex", "--as-of", "1"});
  EXPECT_EQ("complete", made["status"]);
  EXPECT_EQ(20, made["messages"]);
  EXPECT_LT(0, mailstow_.restore_json(search)["total"].get<int>());
  const json checked = mailstow_.backupd_json({"check", "--read-data", "--as-of", "1"});
  EXPECT_EQ("intact", checked["status"]);
  EXPECT_EQ(20, checked["messages"]);
  EXPECT_EQ(1, checked["as_of"]["number"]);
  EXPECT_EQ(2, mailstow_.backupd({"check", "--repair", "--as-of", "1"}).status);
  EXPECT_EQ(1, mailstow_.backupd({"check", "--as-of", "2000-01-01"}).status);

  EXPECT_EQ(2, mailstow_.restore({"run", "alice", "--missing", "--as-of", "1"}).status);
  const json restored = mailstow_.restore_json({"run", "alice", "--all", "--as-of", "1"});
  int messages = 0;
  for (const json& folder : restored["folders"]) messages += folder["restored"].get<int>();
  EXPECT_EQ(20, messages);
  EXPECT_EQ(1, restored["as_of"]["number"]);
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
  EXPECT_EQ(false, known_states()["nas"]["complete"]);
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
