// `mailstow-restore run --resume` on a real server.

#include <chrono>
#include <functional>

#include <gmock/gmock.h>

#include "base/file_system.h"
#include "store/tree_record.h"
#include "tests/restore/run_fixture.h"
#include "tests/servers/account_filler.h"
#include "tests/servers/mail_generator.h"

namespace restore {
namespace {

using programs::json;

class ResumeTest : public RunTest {
 protected:
  // Messages that are 30 and 90 minutes old, and the tree of the one of the last hour.
  std::string restore_recent() {
    servers::MailGenerator mail(3);
    const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    alice_.command("CREATE Recent");
    for (const int minutes : {30, 90}) {
      const auto date = now - std::chrono::minutes(minutes);
      alice_.append("Recent", std::vector<servers::Delivery>{{mail.plain(), {}, date}});
    }
    back_up();
    return mailstow_.restore_json(
        {"run", "alice", "--folder", "Recent", "--since", "1 hour ago"})["tree"];
  }

  json resume(const std::string& tree) {
    return mailstow_.restore_json({"run", "alice", "--resume", tree});
  }

  void change_records(const std::function<void(store::TreeRecord&)>& change) {
    auto records = store::TreeRecords::open(
        {mailstow_.store(), mailstow_.index(), mailstow_.key_file()}, base::real_file_system());
    for (store::TreeRecord& record : records.list().records) {
      change(record);
      records.put(record);
    }
  }

  std::size_t messages_in(const std::string& raw_name) {
    return state().folders.at(raw_name).messages.size();
  }

  servers::ImapClient alice_ = server_.client("alice");
};

TEST_F(ResumeTest, ResumesOnlyTheRequestedFolders) {
  servers::fill_account(server_, "alice", 60);
  back_up();
  const json first = mailstow_.restore_json({"run", "alice", "--folder", "INBOX"});
  const std::string tree = first["tree"];
  // Simulates a run that died: part of the tree is missing.
  alice_.command("SELECT " + servers::quote(tree + "/INBOX"));
  alice_.command("STORE 1:3 +FLAGS.SILENT \\Deleted");
  alice_.command("EXPUNGE");
  back_up();
  const json again = resume(tree);
  EXPECT_EQ(again["tree"], tree);
  EXPECT_EQ(again["expires"], first["expires"]);
  EXPECT_EQ(again["folders"], first["folders"]);
  EXPECT_EQ(messages_in(tree + "/INBOX"), first["folders"][0]["restored"].get<std::size_t>());
  EXPECT_EQ(mailstow_.restore_json({"trees"})["trees"].size(), 1U);
}

// The folder was deleted, and only exists as a level above a folder that the user made in it.
TEST_F(ResumeTest, RestoresADeletedFolderAgain) {
  servers::fill_account(server_, "alice", 20);
  back_up();
  const json first = mailstow_.restore_json({"run", "alice", "--folder", "INBOX"});
  const std::string tree = first["tree"];
  alice_.command("CREATE " + servers::quote(tree + "/INBOX/mine"));
  alice_.command("DELETE " + servers::quote(tree + "/INBOX"));
  EXPECT_EQ(resume(tree)["folders"], first["folders"]);
  EXPECT_EQ(messages_in(tree + "/INBOX"), first["folders"][0]["restored"].get<std::size_t>());
}

TEST_F(ResumeTest, ARelativeTimeCountsFromTheOriginalRequest) {
  const std::string tree = restore_recent();
  EXPECT_EQ(messages_in(tree + "/Recent"), 1U);
  change_records([](store::TreeRecord& record) {
    json request = json::parse(record.request);
    request["asked"] = request["asked"].get<std::int64_t>() - 3600;
    record.request = request.dump();
  });
  resume(tree);
  EXPECT_EQ(messages_in(tree + "/Recent"), 2U);
}

TEST_F(ResumeTest, ASnapshotInAQueryStandsForItsTimeAlsoWhenItIsGone) {
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  const auto append = [&](const std::string& subject, std::chrono::hours later) {
    const servers::Delivery mail{"Subject: " + subject + "\r\n\r\n", {}, now + later};
    alice_.append("Recent", std::vector<servers::Delivery>{mail});
    back_up();
  };
  alice_.command("CREATE Recent");
  append("earlier", std::chrono::hours(-1));
  const std::string id = mailstow_.restore_json({"snapshots", "alice"})["snapshots"][0]["snapshot"];
  append("later", std::chrono::hours(1));
  const std::string tree =
      mailstow_.restore_json({"run", "alice", "--query", "after:" + id})["tree"];
  ASSERT_EQ(messages_in(tree + "/Recent"), 1U);
  mailstow_.backupd_json({"forget", "alice", "--snapshot", id, "--yes"});
  alice_.command("SELECT " + servers::quote(tree + "/Recent"));
  alice_.command("STORE 1 +FLAGS.SILENT \\Deleted");
  alice_.command("EXPUNGE");
  resume(tree);
  EXPECT_EQ(messages_in(tree + "/Recent"), 1U);
}

TEST_F(ResumeTest, RetriesAFolderThatCouldNotBeCreated) {
  const std::string tree = restore_recent();
  alice_.command("DELETE " + servers::quote(tree + "/Recent"));
  change_records([&](store::TreeRecord& record) {
    for (store::TreeLevel& level : record.levels) {
      if (level.raw_name != tree + "/Recent") continue;
      level = {level.raw_name, store::LevelState::kNotOurs, std::nullopt, {}};
    }
  });
  resume(tree);
  EXPECT_EQ(messages_in(tree + "/Recent"), 1U);
}

TEST_F(ResumeTest, RejectsAnUnknownTreeAndASecondSelection) {
  servers::fill_account(server_, "alice", 20);
  back_up();
  const std::string tree = mailstow_.restore_json({"run", "alice", "--folder", "INBOX"})["tree"];
  EXPECT_EQ(mailstow_.restore({"run", "alice", "--resume", "RESTORED/none"}).status, 1);
  EXPECT_EQ(mailstow_.restore({"run", "bob", "--resume", tree}).status, 1);
  EXPECT_EQ(mailstow_.restore({"run", "alice", "--resume", tree, "--to", "bob"}).status, 1);
  EXPECT_EQ(mailstow_.restore({"run", "alice", "--resume", tree, "--folder", "Lists"}).status, 2);
}

}  // namespace
}  // namespace restore
