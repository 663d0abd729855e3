// check, reindex and key as an administrator runs them.
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>

#include "tests/programs/installation.h"
#include "tests/servers/account_filler.h"
#include "tests/servers/delivery.h"
#include "tests/servers/dovecot.h"
#include "tests/servers/imap_client.h"

namespace backupd {
namespace {

namespace fs = std::filesystem;
using programs::json;
using testing::HasSubstr;
using testing::SizeIs;

class CheckCommandTest : public testing::Test {
 protected:
  CheckCommandTest() {
    servers::fill_account(server_, "alice", 20);
    mailstow_.make_store();
    mailstow_.config()["accounts"] = {{{"name", "alice"}, {"server", "main"}}};
    mailstow_.save();
    mailstow_.backupd_json({"once"});
  }

  base::Path only_pack() const {
    return fs::directory_iterator(mailstow_.store() / "packs")->path();
  }

  static void flip(const base::Path& path, std::streamoff place) {
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekg(place);
    const auto byte = static_cast<char>(file.get() ^ 1);
    file.seekp(place);
    file.put(byte);
  }

  int status_of(const std::vector<std::string>& arguments) const {
    return mailstow_.backupd(arguments).status;
  }

  servers::Dovecot server_;
  programs::Installation mailstow_{server_};
};

TEST_F(CheckCommandTest, ReportsAnIntactStoreAsIntact) {
  const json quick = mailstow_.backupd_json({"check"});
  EXPECT_EQ("intact", quick["status"]);
  EXPECT_EQ(0, quick["packs_read"]);
  EXPECT_EQ(20, quick["messages"]);
  const json whole = mailstow_.backupd_json({"check", "--read-data"});
  EXPECT_EQ("intact", whole["status"]);
  EXPECT_EQ(whole["packs"], whole["packs_read"]);
  EXPECT_EQ(whole["pack_bytes"], whole["bytes_read"]);
  const auto text = mailstow_.backupd({"check", "--read-data"});
  EXPECT_THAT(text.out, HasSubstr("The store is intact: 1 pack with"));
  EXPECT_EQ("", text.err);
}

TEST_F(CheckCommandTest, ReportsDamageWithFolderAndUid) {
  flip(only_pack(), 200);
  EXPECT_EQ(0, status_of({"check"}));
  const json report = mailstow_.backupd_json({"check", "--read-data"}, 4);
  EXPECT_EQ("damaged", report["status"]);
  EXPECT_THAT(report["damage"].dump(), HasSubstr(only_pack().filename().string()));
  ASSERT_FALSE(report["damaged_messages"].empty());
  const json place = report["damaged_messages"][0]["places"][0];
  EXPECT_EQ("alice", place["account"]);
  EXPECT_GT(place["uid"], 0);
  EXPECT_THAT(mailstow_.backupd({"check", "--read-data"}).out, HasSubstr("  alice: "));
}

// docs/recovery.md, "A pack".
TEST_F(CheckCommandTest, PackNamesAreDigestsThatAnyToolCanVerify) {
  const auto digests_agree = [&] {
    const std::string packs = (mailstow_.store() / "packs").string();
    return servers::run_program(
        {"sh", "-c",
         "cd '" + packs +
             R"(' && for p in *; do echo "$p  $p"; done | sha256sum --check --quiet)"});
  };
  EXPECT_EQ(0, digests_agree().status);
  const std::string name = only_pack().filename().string();
  flip(only_pack(), 200);
  const auto damaged = digests_agree();
  EXPECT_EQ(1, damaged.status);
  EXPECT_THAT(damaged.out, HasSubstr(name + ": FAILED"));
}

TEST_F(CheckCommandTest, ResumesAnInterruptedCheck) {
  // The log of a killed check: started, the pack read, not finished.
  std::ofstream(mailstow_.index() / "checks") << "1000 0\n"
                                              << only_pack().filename().string() << " 1001\n";
  EXPECT_EQ(0, mailstow_.backupd_json({"check", "--resume"})["packs_read"]);
  // That finished the check: the next one starts from the beginning.
  EXPECT_EQ(1, mailstow_.backupd_json({"check", "--resume"})["packs_read"]);
}

TEST_F(CheckCommandTest, ShortChecksEventuallyReadEveryPack) {
  const std::vector<servers::Delivery> mail = {{.bytes = "Subject: new\r\n\r\nnew\r\n"}};
  server_.client("alice").append("INBOX", mail);
  mailstow_.backupd_json({"once"});
  EXPECT_EQ(2, mailstow_.backupd_json({"check", "--for", "1h"})["packs_read"]);
  EXPECT_EQ(2, status_of({"check", "--for", "1h", "--resume"}));
  EXPECT_EQ(2, status_of({"check", "--for", "soon"}));
  EXPECT_EQ(2, status_of({"check", "--for", "0s"}));
}

TEST_F(CheckCommandTest, RebuildsALostIndex) {
  fs::remove(mailstow_.index() / "index.sqlite");
  EXPECT_THAT(mailstow_.backupd({"check"}).err,
              HasSubstr("rebuild it with mailstow-backupd reindex"));
  const json report = mailstow_.backupd_json({"reindex"});
  EXPECT_EQ("complete", report["status"]);
  EXPECT_EQ(20, report["messages"]);
  EXPECT_EQ("intact", mailstow_.backupd_json({"check"})["status"]);
}

TEST_F(CheckCommandTest, ReindexReportsLostContent) {
  fs::resize_file(only_pack(), 1'000);
  const json report = mailstow_.backupd_json({"reindex"}, 4);
  EXPECT_EQ("damaged", report["status"]);
  EXPECT_THAT(report["damage"].dump(), HasSubstr(only_pack().filename().string()));
}

TEST_F(CheckCommandTest, APassphraseRecreatesTheKeyFile) {
  const auto run = [&](const std::string& arguments, const std::string& input) {
    std::string command = "echo '" + input + "' |";
    for (const std::string& word : mailstow_.backupd_command({})) command += " '" + word + "'";
    return servers::run_program({"sh", "-c", command + " " + arguments});
  };
  EXPECT_EQ(0, run("key add --passphrase", "correct horse").status);
  const json keys = mailstow_.backupd_json({"key", "list"})["keys"];
  ASSERT_THAT(keys, SizeIs(2));
  EXPECT_FALSE(programs::find_by(keys, "kind", "passphrase").is_null());
  fs::remove(mailstow_.key_file());
  EXPECT_EQ(2, status_of({"status"}));
  EXPECT_EQ(2, run("key add --from-passphrase", "battery staple").status);
  EXPECT_EQ(0, run("key add --from-passphrase", "correct horse").status);
  EXPECT_EQ(0, status_of({"status"}));
}

TEST_F(CheckCommandTest, AnExportedKeyRecreatesTheKeyFile) {
  const base::Path paper = mailstow_.directory() / "paper";
  EXPECT_EQ(0, status_of({"key", "export", paper.string()}));
  EXPECT_EQ(fs::perms::owner_read | fs::perms::owner_write, fs::status(paper).permissions());
  EXPECT_THAT(mailstow_.backupd({"key", "export"}).out, HasSubstr("\nkey-1 "));
  const auto again = mailstow_.backupd({"key", "export", paper.string()});
  EXPECT_EQ(2, again.status);
  EXPECT_THAT(again.err, HasSubstr("already exists"));
  fs::remove(mailstow_.key_file());
  fs::remove_all(mailstow_.store() / "keys");
  EXPECT_EQ(0, status_of({"key", "add", "--from-export", paper.string()}));
  EXPECT_EQ("intact", mailstow_.backupd_json({"check", "--read-data"})["status"]);
}

TEST_F(CheckCommandTest, ACopiedKeyIsTriedWithoutPrintingIt) {
  const base::Path copy = mailstow_.directory() / "copy.key";
  fs::copy(mailstow_.key_file(), copy);
  const json opened = mailstow_.backupd_json({"key", "verify", copy.string()});
  EXPECT_EQ(opened["opens"], true);
  EXPECT_EQ(opened["id"], mailstow_.backupd_json({"key", "list"})["keys"][0]["id"]);
  const auto text = mailstow_.backupd({"key", "verify", copy.string()});
  EXPECT_THAT(text.out, HasSubstr("opens the store"));
  std::ofstream(copy, std::ios::trunc) << std::string(64, '7') << '\n';
  const auto wrong = mailstow_.backupd({"key", "verify", copy.string()});
  EXPECT_EQ(2, wrong.status);
  EXPECT_THAT(wrong.err, HasSubstr("is not a key of this store"));
  EXPECT_THAT(wrong.err, testing::Not(HasSubstr("7777")));
}

TEST_F(CheckCommandTest, AKeyCanBeRevoked) {
  const base::Path other = mailstow_.directory() / "other.key";
  const std::string id = mailstow_.backupd_json({"key", "add", "--key-file", other.string()})["id"];
  EXPECT_EQ(0, status_of({"key", "remove", id}));
  EXPECT_THAT(mailstow_.backupd_json({"key", "list"})["keys"], SizeIs(1));
  EXPECT_EQ(1, status_of({"key", "remove", id}));
  EXPECT_EQ(2, status_of({"key", "add"}));
}

}  // namespace
}  // namespace backupd
