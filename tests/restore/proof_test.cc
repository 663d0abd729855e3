// A restore as a whole, on each kind of server, checked by independent clients: imaplib
// (account_state.py) and mbsync. MAILSTOW_TEST_CORPUS adds real mail.
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <set>
#include <sstream>

#include <gmock/gmock.h>

#include "tests/corpus.h"
#include "tests/programs/installation.h"
#include "tests/restore/expect_restored.h"
#include "tests/restore/kinds.h"
#include "tests/servers/account_filler.h"
#include "tests/servers/account_state.h"
#include "tests/servers/dovecot.h"
#include "tests/servers/mail_generator.h"

namespace restore {
namespace {

using programs::json;
using servers::AccountState;

// A folder as mbsync copied it: the bytes, flags and date of each message.
using Pulled = std::map<std::string, std::multiset<std::string>>;

// With CRLF at the end of every line, as APPEND requires it.
std::string with_crlf(const std::string& message) {
  std::string result;
  for (const char byte : message) {
    if (byte == '\n' && !result.ends_with('\r')) result += '\r';
    result += byte;
  }
  return result;
}

class ProofTest : public testing::TestWithParam<Kind> {
 protected:
  ProofTest() {
    let_set_quotas(mailstow_, *server_);
    mailstow_.make_store();
  }

  // Appends the messages that the server accepts to `folder`.
  void put(const std::string& folder, const std::vector<std::string>& messages) {
    alice_.try_command("CREATE " + servers::quote(folder));
    for (const std::string& message : messages) {
      alice_.try_command("APPEND " + servers::quote(folder) + " (\\Flagged) {" +
                         std::to_string(message.size()) + "+}\r\n" + message);
    }
  }

  // Messages that no client could append, but a delivery agent did.
  void put_horrors() {
    servers::MailGenerator mail(4);
    std::vector<std::string> horrors = mail.horrors();
    auto* const dovecot = dynamic_cast<servers::Dovecot*>(server_.get());
    if (dovecot == nullptr) {
      put("Horrors", horrors);
      return;
    }
    auto maildir = dovecot->maildir("alice");
    for (const std::string& bytes : horrors) maildir.deliver("Horrors", {bytes});
  }

  void fill() {
    servers::fill_account(*server_, "alice", 120);
    std::vector<std::string> corpus = tests::corpus_messages();
    servers::MailGenerator mail(8);
    while (corpus.size() < 40) corpus.push_back(mail.any());
    for (std::string& message : corpus) message = with_crlf(message);
    put("Corpus", corpus);
    put_horrors();
  }

  void lose(const std::string& folder) { alice_.command("DELETE " + servers::quote(folder)); }

  AccountState state() { return servers::account_state(*server_, "alice"); }

  // `patterns` as mbsync(1) has them.
  Pulled pull(const std::string& patterns) {
    const base::Path directory = mailstow_.directory() / ("mbsync-" + std::to_string(++pulls_));
    std::filesystem::create_directories(directory / "mail");
    const std::string url = server_->plain_url();
    const std::size_t host = url.find("//") + 2;
    const std::size_t port = url.rfind(':');
    std::ofstream(directory / "rc")
        << "IMAPAccount a\nHost " << url.substr(host, port - host) << "\nPort "
        << url.substr(port + 1) << "\nUser alice\nPass " << servers::Server::password("alice")
        << "\nSSLType None\nAuthMechs PLAIN LOGIN\n\nIMAPStore far\nAccount a\n\n"
        << "MaildirStore near\nPath " << (directory / "mail").string() << "/\nInbox "
        << (directory / "mail" / "INBOX").string() << "\nSubFolders Verbatim\n\n"
        << "Channel c\nFar :far:\nNear :near:\nPatterns " << patterns
        << "\nCreate Near\nSync Pull\nCopyArrivalDate yes\nSyncState *\n";
    const auto result =
        servers::run_program({"mbsync", "--config", (directory / "rc").string(), "--all"});
    pull_log_ = result.out + result.err;
    return read_maildirs(directory / "mail");
  }

  static Pulled read_maildirs(const base::Path& top) {
    Pulled pulled;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(top)) {
      const base::Path in = entry.path().parent_path();
      if (!entry.is_regular_file() || (in.filename() != "cur" && in.filename() != "new")) continue;
      std::ifstream file(entry.path(), std::ios::binary);
      std::stringstream bytes;
      bytes << in.filename()
            << std::chrono::floor<std::chrono::seconds>(
                   std::filesystem::last_write_time(entry.path()))
                   .time_since_epoch()
                   .count();
      const std::string name = entry.path().filename().string();
      std::string flags = name.substr(std::min(name.find(":2,"), name.size()));
      std::erase(flags, 'T');  // a restore omits \Deleted
      std::string message;
      for (std::string line; std::getline(file, line); message += line + "\n") {
        if (line.starts_with("X-TUID: ")) line.clear();
      }
      pulled[std::filesystem::relative(in.parent_path(), top).string()].insert(bytes.str() + flags +
                                                                               "\n" + message);
    }
    return pulled;
  }

  std::unique_ptr<servers::Server> server_ = make_server(GetParam());
  programs::Installation mailstow_{*server_};
  servers::ImapClient alice_ = server_->client("alice");
  std::string pull_log_;
  int pulls_ = 0;
};

TEST_P(ProofTest, TheTreeEqualsTheSnapshotAndTheRestIsUnchanged) {
  fill();
  const AccountState whole = state();
  const Pulled pulled_before = pull("* !Horrors");
  mailstow_.backupd_json({"once", "--account", "alice"});
  lose("Corpus");
  lose("Horrors");
  const AccountState before = state();

  const auto result =
      mailstow_.restore({"-q", "run", "alice", "--all", "--expire-after", "1s", "--json"});
  ASSERT_TRUE(result.status == 0 || result.status == 3) << result.err;
  const json report = json::parse(result.out);
  EXPECT_EQ(report["quota"]["exempt"], true) << report["quota"];
  const AccountState now = state();
  expect_restored(whole, now, report);
  EXPECT_EQ(now.not_below("RESTORED", '/'), before.folders)
      << servers::describe_difference(before.folders, now.not_below("RESTORED", '/'));
  EXPECT_FALSE(now.usage.empty());
  EXPECT_EQ(now.usage, before.usage);

  const std::string tree = report["tree"];
  const Pulled pulled = pull(tree + "/* !" + tree + "/Horrors");
  std::size_t agreed = 0;
  for (const json& folder : report["folders"]) {
    const auto* const source = find_folder(whole, folder["source"]);
    const auto was = pulled_before.find(source->raw_name);
    if (was == pulled_before.end()) continue;  // it had no messages
    const auto is = pulled.find(tree + "/" + source->raw_name);
    ASSERT_NE(is, pulled.end()) << source->name << pull_log_;
    std::vector<std::string> missing;
    std::set_difference(was->second.begin(), was->second.end(), is->second.begin(),
                        is->second.end(), std::back_inserter(missing));
    EXPECT_LE(missing.size(), folder["altered"].size() + folder["skipped"].size())
        << source->name << ": " << missing.front();
    agreed += was->second.size() - missing.size();
  }
  EXPECT_GE(agreed, 120U) << pull_log_;

  EXPECT_EQ(mailstow_.restore_json({"sweep"})["trees"][0]["finished"], true);
  EXPECT_EQ(state().folders, before.folders);
  EXPECT_EQ(state().usage, before.usage);
}

INSTANTIATE_TEST_SUITE_P(Servers, ProofTest, testing::Values(Kind::kDovecot, Kind::kCyrus),
                         [](const auto& kind) { return name_of(kind.param); });

}  // namespace
}  // namespace restore
