// `run --missing` on a real server: messages that the account has in any folder are not restored.
#include <gmock/gmock.h>

#include "store/format/location.h"
#include "store/format/writer_lock.h"
#include "tests/programs/installation.h"
#include "tests/servers/account_state.h"
#include "tests/servers/dovecot.h"
#include "tests/servers/mail_generator.h"

namespace restore {
namespace {

using programs::find_by;
using programs::json;
using testing::HasSubstr;

class MissingTest : public testing::Test {
 protected:
  MissingTest() {
    mailstow_.make_store();
    client_.command("CREATE Work");
    client_.command("CREATE Archive");
    for (int message = 0; message < 6; ++message) {
      client_.append("INBOX", std::vector<servers::Delivery>{{mail_.plain()}});
      client_.append("Work", std::vector<servers::Delivery>{{mail_.plain()}});
    }
    mailstow_.backupd_json({"once", "--account", "alice"});
  }

  void in_folder(const std::string& folder, const std::string& command) {
    client_.command("SELECT " + folder);
    client_.command(command);
  }

  void lose(const std::string& folder, const std::string& uids) {
    in_folder(folder, "UID STORE " + uids + " +FLAGS.SILENT \\Deleted");
    client_.command("EXPUNGE");
  }

  servers::Dovecot server_;
  programs::Installation mailstow_{server_};
  servers::MailGenerator mail_{21};
  decltype(server_.client("alice")) client_ = server_.client("alice");
};

TEST_F(MissingTest, RestoresOnlyMessagesInNoFolder) {
  lose("INBOX", "1:2");
  in_folder("INBOX", "UID MOVE 3 Archive");
  in_folder("INBOX", "UID COPY 4 Archive");
  lose("INBOX", "4");
  const json report = mailstow_.restore_json({"run", "alice", "--missing"});
  ASSERT_EQ(report["folders"].size(), 1U) << report.dump(2);
  EXPECT_EQ(report["folders"][0]["source"], "INBOX");
  EXPECT_EQ(report["folders"][0]["messages"], 2);
  EXPECT_EQ(report["folders"][0]["restored"], 2);

  const auto again = mailstow_.restore({"-q", "run", "alice", "--folder", "Work", "--missing"});
  EXPECT_EQ(again.status, 1);
  EXPECT_THAT(again.err, HasSubstr("nothing is missing"));
  EXPECT_THAT(again.err, HasSubstr("`mailstow-restore vanished alice`"));
}

TEST_F(MissingTest, ComparesWithTheChosenMoment) {
  const std::string first =
      mailstow_.restore_json({"snapshots", "alice"})["snapshots"][0]["snapshot"];
  lose("Work", "1:3");
  mailstow_.backupd_json({"once", "--account", "alice"});
  EXPECT_EQ(mailstow_.restore({"run", "alice", "--missing", "--dry-run"}).status, 1)
      << "the newest snapshot has what the account has";
  const json report =
      mailstow_.restore_json({"run", "alice", "--missing", "--at", first, "--dry-run"});
  EXPECT_EQ(find_by(report["folders"], "source", "Work")["messages"], 3);
  EXPECT_EQ(report["plan"]["took_backup"], true);
  EXPECT_THAT(mailstow_.restore({"run", "alice", "--missing", "--at", first, "--dry-run"}).out,
              HasSubstr("A backup was taken"));
}

TEST_F(MissingTest, AResumedRunBringsBackTheSame) {
  lose("INBOX", "1:4");
  const json first = mailstow_.restore_json({"run", "alice", "--missing"});
  const std::string tree = first["tree"];
  in_folder(servers::quote(tree + "/INBOX"), "UID COPY 1 Archive");
  lose(servers::quote(tree + "/INBOX"), "1:2");
  const json again = mailstow_.restore_json({"run", "alice", "--resume", tree});
  EXPECT_EQ(again["folders"], first["folders"]);
}

TEST_F(MissingTest, ReportsWhyNoNewBackupIsPossible) {
  lose("INBOX", "1");
  const auto lock = store::lock_for_writing(
      {.store = mailstow_.store(), .index = mailstow_.index(), .key_file = mailstow_.key_file()},
      base::real_file_system());
  const auto result = mailstow_.restore({"-q", "run", "alice", "--missing"});
  EXPECT_EQ(result.status, 5) << result.err;
  EXPECT_THAT(result.err, HasSubstr("another process is writing to the store"));
}

TEST_F(MissingTest, ExportsMissingMessages) {
  lose("INBOX", "2:4");
  const base::Path directory = mailstow_.directory() / "export";
  const json report = mailstow_.restore_json(
      {"export", "alice", "--missing", "--format", "eml", "--to", directory.string()});
  ASSERT_EQ(report["folders"].size(), 1U);
  EXPECT_EQ(report["folders"][0]["exported"], 3);
}

TEST_F(MissingTest, SelectsFoldersWithOrWithoutTheirSubfolders) {
  client_.command("CREATE Work/Old/Older");
  client_.command("CREATE Workshop");
  mailstow_.backupd_json({"once", "--account", "alice"});
  const auto chosen = [&](std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"run", "alice", "--dry-run", "--folder", "Work"});
    std::vector<std::string> names;
    const json report = mailstow_.restore_json(arguments);
    for (const json& folder : report["folders"]) names.push_back(folder["source"]);
    return names;
  };
  EXPECT_THAT(chosen({}), testing::ElementsAre("Work"));
  EXPECT_THAT(chosen({"--subfolders"}),
              testing::UnorderedElementsAre("Work", "Work/Old", "Work/Old/Older"));
}

TEST_F(MissingTest, AMessageIsChosenByTheBeginningOfItsId) {
  const json messages = mailstow_.restore_json({"messages", "alice", "Work"})["messages"];
  const std::string id = messages[2]["message"];
  const json report =
      mailstow_.restore_json({"run", "alice", "--dry-run", "--message", id.substr(0, 16)});
  ASSERT_EQ(report["folders"].size(), 1U);
  EXPECT_EQ(report["folders"][0]["messages"], 1);
}

}  // namespace
}  // namespace restore
