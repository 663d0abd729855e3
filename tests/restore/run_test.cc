// `mailstow-restore run` on a real server, compared by an independent client.

#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>

#include "base/file_system.h"
#include "tests/corpus.h"
#include "tests/restore/expect_restored.h"
#include "tests/restore/run_fixture.h"
#include "tests/servers/account_filler.h"
#include "tests/servers/mail_generator.h"

namespace restore {
namespace {

using programs::find_by;
using programs::json;
using servers::AccountState;

TEST_F(RunTest, RestoresEverythingBesideTheExistingMail) {
  servers::fill_account(server_, "alice", 200);
  const AccountState before = state();
  back_up();
  delete_everything();
  const AccountState emptied = state();
  const json report = mailstow_.restore_json({"run", "alice", "--all"});
  const AccountState now = state();

  EXPECT_EQ(report["quota"]["exempt"], true) << report["quota"];
  EXPECT_EQ(now.usage, emptied.usage);
  expect_restored(before, now, report);
  EXPECT_EQ(now.not_below("RESTORED", '/'), emptied.folders) << "nothing else changed";
  EXPECT_THAT(now.subscriptions, testing::Contains(report["tree"].get<std::string>() + "/INBOX"));
  EXPECT_EQ(now.folders.count(report["tree"].get<std::string>() + "/mailstow-probe"), 0U);
}

TEST_F(RunTest, ReportsRefusedMessagesAndRestoresTheRest) {
  auto maildir = server_.maildir("alice");
  servers::MailGenerator mail(5);
  for (int message = 0; message < 30; ++message) {
    maildir.deliver("Odd", {message == 17 ? "" : mail.plain()});
  }
  for (const std::string& bytes : mail.horrors()) maildir.deliver("Odd", {bytes});
  const AccountState before = state();
  back_up();
  const json report = mailstow_.restore_json({"run", "alice", "--folder", "Odd"}, 3);
  const json folder = find_by(report["folders"], "source", "Odd");
  EXPECT_EQ(folder["skipped"].size(), 1U) << folder.dump(2);
  const AccountState now = state();
  expect_restored(before.folders.at("Odd"),
                  now.folders.at(report["tree"].get<std::string>() + "/Odd"), folder);
  for (const json& altered : folder["altered"]) {
    EXPECT_NE(altered["how"].get<std::string>(), "");
  }
}

TEST_F(RunTest, RestoresAnUnconfiguredAccountIntoAnother) {
  servers::fill_account(server_, "alice", 30);
  const AccountState before = state();
  back_up();
  mailstow_.config()["accounts"] = {{{"name", "bob"}, {"server", "main"}}};
  mailstow_.save();
  EXPECT_EQ(mailstow_.restore({"run", "alice", "--all"}).status, 2) << "there is no such mailbox";
  const json report =
      mailstow_.restore_json({"run", "alice", "--all", "--to", "bob", "--expire-after", "1s"});
  EXPECT_EQ(report["account"], "alice");
  EXPECT_EQ(report["to"], "bob");
  EXPECT_EQ(report["quota"]["exempt"], true);
  expect_restored(before, servers::account_state(server_, "bob"), report);
  EXPECT_EQ(state(), before);
  EXPECT_EQ(mailstow_.restore_json({"trees"})["trees"][0]["account"], "bob");
  EXPECT_EQ(mailstow_.restore_json({"sweep"})["trees"][0]["finished"], true);
  EXPECT_EQ(servers::account_state(server_, "bob").message_count(), 0U);
}

TEST_F(RunTest, SkipsAndReportsUnreadableMessages) {
  servers::MailGenerator mail(11);
  auto alice = server_.client("alice");
  alice.append("INBOX", std::vector<servers::Delivery>{{mail.plain()}, {mail.attachment(400'000)}});
  back_up();
  base::Path largest;
  for (const auto& file : std::filesystem::recursive_directory_iterator(mailstow_.store())) {
    if (!file.is_regular_file()) continue;
    if (largest.empty() || file.file_size() > std::filesystem::file_size(largest)) {
      largest = file.path();
    }
  }
  std::filesystem::permissions(largest, std::filesystem::perms::owner_write,
                               std::filesystem::perm_options::add);
  std::fstream pack(largest, std::ios::in | std::ios::out | std::ios::binary);
  pack.seekp(static_cast<std::streamoff>(std::filesystem::file_size(largest) / 2));
  pack << "damaged";
  pack.close();

  const json report = mailstow_.restore_json({"run", "alice", "--all"}, 4);
  EXPECT_EQ(report["folders"][0]["restored"], 1);
  EXPECT_EQ(report["folders"][0]["skipped"][0]["uid"], 2);
  const std::string to = (mailstow_.directory() / "exported").string();
  const json exported =
      mailstow_.restore_json({"export", "alice", "--format", "eml", "--to", to}, 4);
  EXPECT_EQ(exported["folders"][0]["exported"], 1);
}

TEST_F(RunTest, RestoredTreesAreNotBackedUpButAUsersOwnFolderIs) {
  servers::fill_account(server_, "alice", 10);
  auto alice = server_.client("alice");
  alice.command("CREATE RESTORED/mine");
  back_up();
  const json report = mailstow_.restore_json({"run", "alice", "--folder", "INBOX"});
  back_up();
  const json folders = mailstow_.restore_json({"folders", "alice"})["folders"];
  EXPECT_FALSE(find_by(folders, "folder", "RESTORED/mine").is_null());
  for (const json& folder : folders) {
    EXPECT_FALSE(
        folder["folder"].get<std::string>().starts_with(report["tree"].get<std::string>()));
  }
}

TEST_F(RunTest, TheCorpusOfAnyMailComesBack) {
  servers::MailGenerator mail(9);
  auto maildir = server_.maildir("alice");
  std::size_t count = 0;
  const auto deliver = [&](const servers::Delivery& delivery) {
    maildir.deliver("Corpus " + std::to_string(count++ % 5), delivery);
  };
  for (const std::string& message : tests::corpus_messages()) deliver({message});
  while (count < 400) deliver(mail.delivery());
  const AccountState before = state();
  EXPECT_EQ(before.message_count(), count);
  back_up();
  delete_everything();
  const AccountState emptied = state();
  mailstow_.restore_json({"accounts"});
  const auto result = mailstow_.restore({"-q", "run", "alice", "--all", "--json"});
  EXPECT_TRUE(result.status == 0 || result.status == 3) << result.err;
  const json report = json::parse(result.out);
  const AccountState now = state();
  expect_restored(before, now, report);
  EXPECT_EQ(now.usage, emptied.usage);
  EXPECT_EQ(now.not_below("RESTORED", '/'), emptied.folders);
}

}  // namespace
}  // namespace restore
