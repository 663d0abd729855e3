// SIGKILL at random moments of a backup: nothing that was acknowledged is lost, and the next run is
// complete.
#include <csignal>
#include <map>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "tests/long_run.h"
#include "tests/programs/installation.h"
#include "tests/programs/receipts.h"
#include "tests/servers/account_filler.h"
#include "tests/servers/account_state.h"
#include "tests/servers/dovecot.h"
#include "tests/servers/mail_generator.h"

namespace backupd {
namespace {

using programs::json;

// The messages of every folder, regardless of their UIDs: "INBOX <sha256>", ...
std::multiset<std::string> contents(const std::map<std::string, servers::FolderState>& folders,
                                    std::size_t prefix) {
  std::multiset<std::string> contents;
  for (const auto& [raw_name, folder] : folders) {
    for (const auto& message : folder.messages) {
      contents.insert(raw_name.substr(std::min(prefix, raw_name.size())) + " " + message.sha256);
    }
  }
  return contents;
}

struct Acknowledged {
  std::string time;  // the snapshot's
  std::multiset<std::string> contents;
};

TEST(KillTest, AfterAKillAtAnyMomentTheStoreOpensAndTheNextRunCompletes) {
  const int kills = tests::is_long_run() ? 100 : 8;
  servers::Dovecot server;
  programs::Installation mailstow(server);
  mailstow.backupd({"init"});
  servers::MailGenerator mail(11);
  servers::Random random(12);
  auto alice = server.client("alice");
  servers::fill_account(server, "alice", 100);

  std::size_t snapshots = 0;
  std::vector<Acknowledged> acknowledged;
  for (int kill = 0; kill < kills; ++kill) {
    std::vector<servers::Delivery> news;
    for (int message = 0; message < 12; ++message) news.push_back({mail.text(20'000)});
    alice.append("INBOX", news);
    {
      servers::Process once(mailstow.backupd_command({"once", "--account", "alice"}), {},
                            {::getuid(), ::getgid()}, mailstow.directory() / "log");
      std::this_thread::sleep_for(std::chrono::milliseconds(random.below(400)));
      if (once.is_running()) ::kill(once.pid(), SIGKILL);
      once.end(std::chrono::seconds(10));
    }
    // Snapshots that were acknowledged before still exist.
    if (snapshots > 0) {
      const json list = mailstow.restore_json({"snapshots", "alice"})["snapshots"];
      EXPECT_GE(list.size(), snapshots);
    }
    if (kill % 4 != 3) continue;
    const json report = mailstow.backupd_json({"once", "--account", "alice"});
    const json account = report["accounts"][0];
    EXPECT_EQ(account["status"], "complete");
    const auto state = servers::account_state(server, "alice");
    programs::expect_receipts(account, state);
    const json list = mailstow.restore_json({"snapshots", "alice"})["snapshots"];
    snapshots = list.size();
    acknowledged.push_back({list.back()["time"], contents(state.folders, 0)});
    // Wait for the next second, so that snapshots differ in their times.
    std::this_thread::sleep_for(std::chrono::milliseconds(1100));
  }

  // After all the kills every snapshot can be restored.
  for (const Acknowledged& snapshot : acknowledged) {
    const json report = mailstow.restore_json({"run", "alice", "--all", "--at", snapshot.time});
    const std::string tree = report["tree"];
    const auto state = servers::account_state(server, "alice", tree);
    EXPECT_EQ(contents(state.folders, tree.size() + 1), snapshot.contents) << snapshot.time;
  }
}

}  // namespace
}  // namespace backupd
