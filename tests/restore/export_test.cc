// `mailstow-restore export`, read by other programs.
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>

#include "base/bytes.h"
#include "store/format/crypto.h"
#include "tests/programs/installation.h"
#include "tests/servers/account_filler.h"
#include "tests/servers/account_state.h"
#include "tests/servers/dovecot.h"
#include "tests/servers/mail_generator.h"
#include "tests/text_of.h"

namespace restore {
namespace {

using programs::find_by;
using programs::json;
using servers::AccountState;

std::string hash(std::string_view bytes) {
  return store::sha256(base::as_bytes(bytes)).hex();
}

class ExportTest : public testing::Test {
 protected:
  ExportTest() {
    servers::fill_account(server_, "alice", 60);
    auto maildir = server_.maildir("alice");
    servers::MailGenerator mail(5);
    for (const std::string& bytes : mail.horrors()) maildir.deliver("Odd", {bytes, {"\\Flagged"}});
    maildir.deliver("Odd", {"Subject: from\n\nFrom here\n>From there\n>>From far\nFromage\n"});
    mailstow_.make_store();
    mailstow_.backupd_json({"once", "--account", "alice"});
    state_ = servers::account_state(server_, "alice");
  }

  base::Path to() const { return mailstow_.directory() / "exported"; }

  json export_as(const std::string& format) {
    return mailstow_.restore_json({"export", "alice", "--format", format, "--to", to().string()});
  }

  // The manifest names every message of the account and nothing else, and the files agree with it.
  void expect_manifest() {
    std::ifstream manifest(to() / "manifest.jsonl");
    std::size_t lines = 0;
    for (std::string text; std::getline(manifest, text); ++lines) {
      const json line = json::parse(text);
      const auto folder =
          std::find_if(state_.folders.begin(), state_.folders.end(), [&](const auto& known) {
            return known.second.name == line["folder"].get<std::string>();
          });
      ASSERT_NE(folder, state_.folders.end()) << line;
      const auto message =
          std::find_if(folder->second.messages.begin(), folder->second.messages.end(),
                       [&](const auto& known) { return known.uid == line["uid"]; });
      ASSERT_NE(message, folder->second.messages.end()) << line;
      EXPECT_EQ(line["sha256"], message->sha256);
      EXPECT_EQ(line["flags"], json(message->flags));
      EXPECT_TRUE(std::filesystem::exists(to() / line["file"].get<std::string>())) << line;
    }
    EXPECT_EQ(lines, state_.message_count());
  }

  servers::Dovecot server_;
  programs::Installation mailstow_{server_};
  AccountState state_;
};

TEST_F(ExportTest, TheHelpMarksRequiredOptions) {
  const std::string help = mailstow_.restore({"export", "--help"}).out;
  EXPECT_THAT(help, testing::HasSubstr("--format FORMAT (required)"));
  EXPECT_THAT(help, testing::HasSubstr("--to DIRECTORY (required)"));
}

TEST_F(ExportTest, ADirectoryThatIsNotUtf8IsNamedByItsBytes) {
  const std::string latin = (mailstow_.directory() / "M\xfcll").string();
  const json document = mailstow_.restore_json(
      {"export", "alice", "--format", "eml", "--folder", "INBOX", "--to", latin});
  EXPECT_EQ(document["to_hex"], base::to_hex(base::as_bytes(latin)));
  EXPECT_FALSE(export_as("eml").contains("to_hex"));
}

TEST_F(ExportTest, AnEmptySelectionWritesNothing) {
  const std::vector<std::string> command = {"export", "alice", "--format", "mbox", "--to"};
  for (const auto& more : std::vector<std::vector<std::string>>{
           {to().string(), "--query="}, {to().string(), "--query", "🎉"}, {""}, {"", "--json"}}) {
    std::vector<std::string> arguments = command;
    arguments.insert(arguments.end(), more.begin(), more.end());
    const auto result = mailstow_.restore(arguments);
    EXPECT_EQ(result.status, 2) << testing::PrintToString(arguments) << result.err;
    EXPECT_THAT(result.err, testing::Not(testing::HasSubstr("internal error")));
  }
  EXPECT_FALSE(std::filesystem::exists(to()));
}

// Folders named like an export's own files, and one whose name no file system can hold.
TEST_F(ExportTest, ClashingFolderNamesAreAllExported) {
  auto maildir = server_.maildir("alice");
  for (const char* name : {"manifest.jsonl", "A", "A/cur", "A/0000000001.eml", "A.mbox/B"}) {
    maildir.deliver(name, {"Subject: " + std::string(name) + "\r\n\r\n"});
  }
  mailstow_.backupd_json({"once", "--account", "alice"});
  state_ = servers::account_state(server_, "alice");
  for (const char* format : {"eml", "maildir", "mbox"}) {
    export_as(format);
    expect_manifest();
    std::filesystem::remove_all(to());
  }
  // Below a path so long that long names no longer fit.
  base::Path root = to();
  while (root.native().size() < 3800) root /= std::string(100, 'd');
  std::filesystem::create_directories(root);
  maildir.deliver(std::string(190, 'n') + "/" + std::string(40, 'n'), {"Subject: deep\r\n\r\n"});
  mailstow_.backupd_json({"once", "--account", "alice"});
  const json report = mailstow_.restore_json(
      {"export", "alice", "--format", "eml", "--to", (root / std::string(60, 'd')).string()}, 3);
  std::size_t failed = 0;
  for (const json& folder : report["folders"]) failed += folder.contains("error") ? 1U : 0U;
  EXPECT_EQ(failed, 1U) << report.dump(2);
  EXPECT_FALSE(std::filesystem::exists(root / std::string(60, 'd') / "manifest.jsonl"));
  EXPECT_TRUE(std::filesystem::exists(root / std::string(60, 'd') / "manifest-incomplete.jsonl"));
}

TEST_F(ExportTest, EmlFilesHaveTheExactBytes) {
  const json report = export_as("eml");
  expect_manifest();
  std::ifstream manifest(to() / "manifest.jsonl");
  for (std::string text; std::getline(manifest, text);) {
    const json line = json::parse(text);
    const base::Path file = to() / line["file"].get<std::string>();
    EXPECT_EQ(hash(tests::text_of(file)), line["sha256"].get<std::string>()) << line;
  }
  EXPECT_FALSE(std::filesystem::exists(to() / "manifest-incomplete.jsonl"));
  EXPECT_EQ(find_by(report["folders"], "folder", "Odd")["skipped"], json::array());
}

TEST_F(ExportTest, AMaildirIsServedAsTheAccountWas) {
  export_as("maildir");
  expect_manifest();
  // The export becomes bob's mail, read by the server, which has its own rules for names.
  auto bob = server_.maildir("bob");
  bob.make_folder("Odd");
  const base::Path target = bob.path_of("Odd");
  for (const auto& file : std::filesystem::directory_iterator(to() / "Odd" / "cur")) {
    std::filesystem::copy(file.path(), target / "cur" / file.path().filename());
    std::filesystem::last_write_time(target / "cur" / file.path().filename(),
                                     std::filesystem::last_write_time(file.path()));
  }
  servers::give_to(servers::server_user(), target);
  const AccountState bobs = servers::account_state(server_, "bob");
  std::multiset<std::tuple<std::string, std::vector<std::string>, std::int64_t>> expected;
  std::multiset<std::tuple<std::string, std::vector<std::string>, std::int64_t>> actual;
  for (const auto& message : state_.folders.at("Odd").messages) {
    expected.emplace(message.sha256, message.flags, message.internal_date);
  }
  for (const auto& message : bobs.folders.at("Odd").messages) {
    actual.emplace(message.sha256, message.flags, message.internal_date);
  }
  EXPECT_EQ(actual, expected);
}

TEST_F(ExportTest, AnMboxIsReadByAnotherProgram) {
  export_as("mbox");
  expect_manifest();
  const auto result = servers::run_program(
      {"/usr/bin/python3", "-c",
       "import json, mailbox, sys\n"
       "box = mailbox.mbox(sys.argv[1], create=False)\n"
       "print(json.dumps([[m.get_flags(), m.get_from(), m.get_payload() if not m.is_multipart() "
       "else ''] for m in box], default=str))",
       (to() / "Odd.mbox").string()});
  ASSERT_EQ(result.status, 0) << result.err;
  const json messages = json::parse(result.out);
  const auto& folder = state_.folders.at("Odd");
  ASSERT_EQ(messages.size(), folder.messages.size());
  EXPECT_EQ(messages[0][0], "OF");
  EXPECT_EQ(messages.back()[2], ">From here\n>>From there\n>>>From far\nFromage\n") << "quoted";
}

TEST_F(ExportTest, NeverWritesToAnExistingDirectory) {
  std::filesystem::create_directory(to());
  std::ofstream(to() / "mine") << "x";
  const auto result =
      mailstow_.restore({"export", "alice", "--format", "eml", "--to", to().string()});
  EXPECT_EQ(result.status, 2) << result.err;
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(to()), {}), 1);
}

TEST_F(ExportTest, AWrongTargetIsReportedForAnAccountWithoutSnapshotsToo) {
  const std::string in_store = (mailstow_.store() / "out").string();
  for (const char* const account : {"alice", "bob"}) {
    const auto result = mailstow_.restore({"export", account, "--format", "eml", "--to", in_store});
    EXPECT_EQ(result.status, 2) << result.err;
    EXPECT_THAT(result.err, testing::HasSubstr("lies in the store"));
  }
}

TEST_F(ExportTest, ExportsOnlyTheSelection) {
  const json report = mailstow_.restore_json(
      {"export", "alice", "--folder", "Odd", "--format", "eml", "--to", to().string()});
  EXPECT_EQ(report["folders"].size(), 1U);
  EXPECT_EQ(report["folders"][0]["exported"], state_.folders.at("Odd").messages.size());
}

}  // namespace
}  // namespace restore
