// Folders with names that other servers allow and this one does not: their mail is restored under
// names that it accepts.
#include <utility>

#include <gmock/gmock.h>

#include "tests/programs/recorded_mail.h"
#include "tests/restore/kinds.h"
#include "tests/servers/account_state.h"

namespace restore {
namespace {

using programs::json;

// Raw names, with '/' between levels.
const std::vector<std::string> kNames = {
    "INBOX", "A & B", "Entw\xC3\xBCrfe", "Caf\xE9", "two\r\nlines", "tab\there", ".", "..",
    "x/../y", "a//b", "/lead", "end/", "cur/new/\x7F", "star*",
    // Dovecot's Maildir has '.' between levels on disk, and refuses it within a level.
    "v1.2"};

class OddNamesTest : public testing::TestWithParam<Kind> {
 protected:
  OddNamesTest() : server_(make_server(GetParam())), mailstow_(*server_) {
    let_set_quotas(mailstow_, *server_);
    mailstow_.make_store();
  }

  // A backup of alice's folders with a message in each.
  void record(const std::vector<std::string>& raw_names) {
    std::vector<programs::RecordedFolder> folders;
    for (const std::string& raw_name : raw_names) {
      const std::string text =
          "Subject: " + std::to_string(folders.size()) + "\r\n\r\nin a folder\r\n";
      folders.push_back({programs::recorded_folder(raw_name),
                         {{1, text, base::ZonedTime{kDate, 0}, {"\\Seen"}}}});
    }
    store::SnapshotDraft snapshot;
    snapshot.account = "alice";
    snapshot.time = kDate;
    programs::record_snapshot(mailstow_, std::move(snapshot), folders);
  }

  static constexpr std::chrono::sys_seconds kDate{std::chrono::seconds{1'577'836'800}};

  std::unique_ptr<servers::Server> server_;
  programs::Installation mailstow_;
};

TEST_P(OddNamesTest, EveryMessageComesBackAndEachNewNameIsListed) {
  record(kNames);
  const json report =
      mailstow_.restore_json({"run", "alice", "--all", "--to", "bob", "--expire-after", "1s"});
  ASSERT_EQ(report["folders"].size(), kNames.size());
  std::size_t renamed = 0;
  for (const json& folder : report["folders"]) {
    EXPECT_EQ(folder["restored"], 1) << folder;
    EXPECT_EQ(folder["skipped"], json::array()) << folder;
    if (!folder["renamed"].get<std::string>().empty()) ++renamed;
  }
  EXPECT_GE(renamed, 11U);
  EXPECT_EQ(servers::account_state(*server_, "bob").message_count(), kNames.size());
  EXPECT_EQ(mailstow_.restore_json({"sweep", "--now"})["trees"][0]["finished"], true);
  EXPECT_EQ(servers::account_state(*server_, "bob").message_count(), 0U);
}

TEST_P(OddNamesTest, InPlaceTheyComeBackOnceHoweverOftenTheCommandIsRepeated) {
  record({"INBOX", "v1.2", "a//b"});
  for (int time = 0; time < 2; ++time) {
    const json report =
        mailstow_.restore_json({"run", "alice", "--all", "--to", "bob", "--in-place"});
    for (const json& folder : report["folders"]) {
      EXPECT_EQ(folder["restored"], 1) << folder;
      EXPECT_EQ(folder["skipped"], json::array()) << folder;
    }
    EXPECT_EQ(servers::account_state(*server_, "bob").message_count(), 3U);
  }
}

INSTANTIATE_TEST_SUITE_P(All, OddNamesTest, testing::Values(Kind::kDovecot, Kind::kCyrus),
                         [](const auto& param) { return name_of(param.param); });

}  // namespace
}  // namespace restore
