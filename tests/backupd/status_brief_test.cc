// The line of `status --brief`.
#include "backupd/status_brief.h"

#include <algorithm>

#include <gmock/gmock.h>

#include "tests/programs/installation.h"

namespace backupd {
namespace {

constexpr std::chrono::sys_seconds kBackup = std::chrono::sys_days(std::chrono::days(20'000));

std::string line(std::size_t accounts, std::size_t never) {
  Brief brief{.accounts = accounts, .never = never, .oldest = {}, .alarms = {}};
  if (accounts > never) brief.oldest = kBackup;
  return to_text(brief, {});
}

TEST(StatusBriefTest, AccountsWithoutABackupAreCountedApart) {
  EXPECT_EQ(line(3, 0),
            "no alarm; 3 accounts, each backed up since 2024-10-04T00:00:00Z; 0 B stored\n");
  EXPECT_EQ(line(3, 2),
            "no alarm; 3 accounts: 1 backed up since 2024-10-04T00:00:00Z, 2 never; 0 B stored\n");
  EXPECT_EQ(line(3, 3), "no alarm; 3 accounts, never backed up; 0 B stored\n");
  EXPECT_EQ(line(1, 0), "no alarm; 1 account, backed up since 2024-10-04T00:00:00Z; 0 B stored\n");
  EXPECT_EQ(line(0, 0), "no alarm; 0 accounts; 0 B stored\n");
}

TEST(StatusBriefTest, WithoutAStoreThereIsALineToo) {
  programs::Installation mailstow;
  mailstow.config()["servers"]["main"] = {{"url", "imap://127.0.0.1:1"}, {"tls", "none"}};
  mailstow.config()["accounts"] = programs::json::array();
  mailstow.save();
  const auto brief = mailstow.backupd({"status", "--brief"});
  EXPECT_EQ(brief.status, mailstow.backupd({"status"}).status);
  EXPECT_NE(brief.status, 0);
  EXPECT_THAT(brief.out, testing::StartsWith("ALARM: there is no store that can be read: "));
  EXPECT_EQ(std::ranges::count(brief.out, '\n'), 1);
  const auto document = mailstow.backupd({"status", "--brief", "--json"});
  EXPECT_TRUE(programs::json::parse(document.out).contains("error")) << document.out;
}

}  // namespace
}  // namespace backupd
