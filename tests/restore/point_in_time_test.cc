// Every night of a month can be restored exactly: a mailbox that changes at random, a backup
// each night, and a reference copy by an independent client.
#include <chrono>
#include <set>
#include <thread>

#include <gtest/gtest.h>

#include "base/clock.h"
#include "tests/long_run.h"
#include "tests/programs/installation.h"
#include "tests/restore/expect_restored.h"
#include "tests/restore/kinds.h"
#include "tests/servers/account_state.h"
#include "tests/servers/mail_generator.h"

namespace restore {
namespace {

using programs::json;
using servers::AccountState;
using servers::quote;

// Changes the mailbox as its user would.
class User {
 public:
  User(const servers::Server& server, std::uint64_t seed)
      : client_(server.client("alice")), mail_(seed), random_(seed) {}

  void live_through_a_day() {
    for (int deed = 0; deed < 12; ++deed) do_something();
  }

 private:
  void do_something() {
    const std::string& folder = any_folder();
    switch (random_.below(10)) {
      case 0:
        make_folder(random_.one_in(3) ? folder + "/" + new_name() : new_name());
        return;
      case 1:
        rename_folder(folder);
        return;
      case 2:
        if (random_.one_in(2)) delete_folder(folder);
        return;
      case 3:
        change(folder, "STORE", " FLAGS (" + any_flags() + ")");
        return;
      case 4:
        change(folder, "STORE", " +FLAGS (\\Seen)");
        return;
      case 5:
        change(folder, "STORE", " +FLAGS.SILENT (\\Deleted)");
        if (random_.one_in(2)) client_.command("EXPUNGE");
        return;
      case 6:
        change(folder, "MOVE", " " + quote(any_folder()));
        return;
      case 7:
        change(folder, "COPY", " " + quote(any_folder()));
        return;
      default:
        receive(folder);
    }
  }

  const std::string& any_folder() { return folders_[random_.below(folders_.size())]; }
  std::string new_name() { return "F" + std::to_string(++last_folder_) + " &- &AOk-"; }

  std::string any_flags() {
    std::string flags;
    for (const char* flag : {"\\Seen", "\\Flagged", "\\Answered", "$Forwarded", "work"}) {
      if (random_.one_in(3)) flags += (flags.empty() ? "" : " ") + std::string(flag);
    }
    return flags;
  }

  void receive(const std::string& folder) {
    std::vector<servers::Delivery> deliveries;
    for (std::size_t count = 1 + random_.below(3); count > 0; --count) {
      deliveries.push_back(last_ && random_.one_in(8) ? *last_ : mail_.delivery());
      last_ = deliveries.back();
    }
    client_.append(folder, deliveries);
  }

  void change(const std::string& folder, const std::string& verb, const std::string& how) {
    client_.command("SELECT " + quote(folder));
    const std::size_t first = 1 + random_.below(6);
    const std::string range =
        std::to_string(first) + ":" + std::to_string(first + random_.below(3));
    client_.try_command(verb + " " + range + how);  // perhaps there are not as many
  }

  void make_folder(const std::string& name) {
    if (client_.try_command("CREATE " + quote(name)).is_ok()) folders_.push_back(name);
  }

  void rename_folder(const std::string& folder) {
    if (folder == "INBOX" || has_below(folder)) return;
    const std::string name = new_name();
    client_.command("RENAME " + quote(folder) + " " + quote(name));
    replace(folder, name);
  }

  void delete_folder(const std::string& folder) {
    if (folder == "INBOX" || has_below(folder)) return;
    client_.command("SELECT INBOX");
    client_.command("DELETE " + quote(folder));
    replace(folder, "");
  }

  bool has_below(const std::string& folder) const {
    return std::any_of(folders_.begin(), folders_.end(),
                       [&](const std::string& other) { return other.starts_with(folder + "/"); });
  }

  void replace(const std::string folder, const std::string& name) {
    std::erase(folders_, folder);
    if (!name.empty()) folders_.push_back(name);
  }

  servers::ImapClient client_;
  servers::MailGenerator mail_;
  servers::Random random_;
  std::vector<std::string> folders_ = {"INBOX"};
  std::optional<servers::Delivery> last_;
  unsigned last_folder_ = 0;
};

class PointInTimeTest : public testing::TestWithParam<Kind> {
 protected:
  PointInTimeTest() {
    let_set_quotas(mailstow_, *server_);
    mailstow_.make_store();
  }

  AccountState state() { return servers::account_state(*server_, "alice"); }

  std::string back_up() {
    return mailstow_.backupd_json({"once", "--account", "alice"})["accounts"][0]["snapshot"];
  }

  // Each in a second of its own: Cyrus keeps deleted folders under a name that contains the second,
  // and refuses to delete a name, such as that of the trees' top, twice in one second.
  void sweep() {
    const base::Clock& clock = base::system_clock();
    while (clock.now_seconds() <= last_sweep_) {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    mailstow_.restore_json({"sweep"});
    last_sweep_ = clock.now_seconds();
  }

  static std::set<std::string> folders_of(const AccountState& state) {
    std::set<std::string> names;
    for (const auto& [raw_name, folder] : state.folders) {
      if (folder.is_selectable) names.insert(folder.name);
    }
    return names;
  }

  std::unique_ptr<servers::Server> server_ = make_server(GetParam());
  programs::Installation mailstow_{*server_};
  std::chrono::sys_seconds last_sweep_{};
};

TEST_P(PointInTimeTest, EveryNightComesBackAsItWas) {
  struct Night {
    std::string snapshot;
    AccountState reference;
  };
  std::vector<Night> nights;
  User user(*server_, 17);
  const int count = tests::is_long_run() ? 30 : (GetParam() == Kind::kDovecot ? 6 : 2);
  for (int night = 0; night < count; ++night) {
    user.live_through_a_day();
    const std::string snapshot = back_up();
    nights.push_back({snapshot, state()});
  }
  const AccountState today = state();
  for (const Night& night : nights) {
    const json report = mailstow_.restore_json(
        {"run", "alice", "--all", "--at", night.snapshot, "--expire-after", "1s"});
    const AccountState now = state();
    expect_restored(night.reference, now, report);
    std::set<std::string> sources;
    for (const json& folder : report["folders"]) {
      sources.insert(folder["source"]);
      EXPECT_EQ(folder["altered"], json::array());
      EXPECT_EQ(folder["skipped"], json::array());
    }
    EXPECT_EQ(sources, folders_of(night.reference));
    EXPECT_EQ(now.not_below("RESTORED", '/'), today.folders);
    EXPECT_EQ(now.usage, today.usage);
    sweep();
  }
  EXPECT_EQ(state().folders, today.folders);
}

INSTANTIATE_TEST_SUITE_P(Servers, PointInTimeTest, testing::Values(Kind::kDovecot, Kind::kCyrus),
                         [](const auto& kind) { return name_of(kind.param); });

}  // namespace
}  // namespace restore
