// `mailstow-restore run --resume` on a real server.

#include <chrono>

#include <gmock/gmock.h>

#include "base/file_system.h"
#include "store/tree_record.h"
#include "tests/restore/run_fixture.h"
#include "tests/servers/account_filler.h"
#include "tests/servers/mail_generator.h"

namespace restore {
namespace {

using programs::json;

TEST_F(RunTest, ResumesOnlyTheRequestedFolders) {
  servers::fill_account(server_, "alice", 60);
  back_up();
  const json first = mailstow_.restore_json({"run", "alice", "--folder", "INBOX"});
  const std::string tree = first["tree"];
  auto alice = server_.client("alice");
  // Simulates a run that died: part of the tree is missing.
  alice.command("SELECT " + servers::quote(tree + "/INBOX"));
  alice.command("STORE 1:3 +FLAGS.SILENT \\Deleted");
  alice.command("EXPUNGE");
  back_up();
  const json again = mailstow_.restore_json({"run", "alice", "--resume", tree});
  EXPECT_EQ(again["tree"], tree);
  EXPECT_EQ(again["expires"], first["expires"]);
  EXPECT_EQ(again["folders"], first["folders"]);
  EXPECT_EQ(state().folders.at(tree + "/INBOX").messages.size(),
            first["folders"][0]["restored"].get<std::size_t>());
  EXPECT_EQ(mailstow_.restore_json({"trees"})["trees"].size(), 1U);

  // A folder that was deleted and only exists as a level above a folder that the user made in it.
  alice.command("CREATE " + servers::quote(tree + "/INBOX/mine"));
  alice.command("SELECT INBOX");
  alice.command("DELETE " + servers::quote(tree + "/INBOX"));
  EXPECT_EQ(mailstow_.restore_json({"run", "alice", "--resume", tree})["folders"],
            first["folders"]);

  // A relative time counts from the original request.
  servers::MailGenerator mail(3);
  const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
  alice.command("CREATE Recent");
  for (const int minutes : {30, 90}) {
    const auto date = now - std::chrono::minutes(minutes);
    alice.append("Recent", std::vector<servers::Delivery>{{mail.plain(), {}, date}});
  }
  back_up();
  const std::string recent = mailstow_.restore_json(
      {"run", "alice", "--folder", "Recent", "--since", "1 hour ago"})["tree"];
  EXPECT_EQ(state().folders.at(recent + "/Recent").messages.size(), 1U);
  auto records = store::TreeRecords::open(
      {mailstow_.store(), mailstow_.index(), mailstow_.key_file()}, base::real_file_system());
  for (store::TreeRecord& record : records.list().records) {
    json request = json::parse(record.request);
    request["asked"] = request["asked"].get<std::int64_t>() - 3600;
    record.request = request.dump();
    records.put(record);
  }
  mailstow_.restore_json({"run", "alice", "--resume", recent});
  EXPECT_EQ(state().folders.at(recent + "/Recent").messages.size(), 2U);

  // A folder that could not be created at first is tried again.
  alice.command("DELETE " + servers::quote(recent + "/Recent"));
  for (store::TreeRecord& record : records.list().records) {
    for (store::TreeLevel& level : record.levels) {
      if (level.raw_name != recent + "/Recent") continue;
      level = {level.raw_name, store::LevelState::kNotOurs, std::nullopt, {}};
    }
    records.put(record);
  }
  mailstow_.restore_json({"run", "alice", "--resume", recent});
  EXPECT_EQ(state().folders.at(recent + "/Recent").messages.size(), 2U);

  EXPECT_EQ(mailstow_.restore({"run", "alice", "--resume", "RESTORED/none"}).status, 1);
  EXPECT_EQ(mailstow_.restore({"run", "bob", "--resume", tree}).status, 1);
  EXPECT_EQ(mailstow_.restore({"run", "alice", "--resume", tree, "--to", "bob"}).status, 1);
  EXPECT_EQ(mailstow_.restore({"run", "alice", "--resume", tree, "--folder", "Lists"}).status, 2);
}

}  // namespace
}  // namespace restore
