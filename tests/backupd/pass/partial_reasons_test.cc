// A backup is partial only for a reason, and the report states it.
#include <gmock/gmock.h>

#include "tests/backupd/pass/odd_server.h"
#include "tests/backupd/pass/pass_runner.h"

namespace backupd {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class PartialReasonsTest : public testing::Test {
 protected:
  PartialReasonsTest() {
    for (const char* name : {"INBOX", "Mid", "Zlast"}) {
      for (std::uint32_t uid = 1; uid <= 4; ++uid) {
        server_.folder(name).message(uid, name + std::to_string(uid) + ": x\r\n\r\n");
      }
    }
  }

  AccountReport run() { return runner_.run_over(server_.connect()); }

  OddServer server_;
  PassRunner runner_{"alice"};
};

TEST_F(PartialReasonsTest, AFolderThatKeepsChangingIsNamed) {
  std::uint32_t uid = 10;
  server_.before = [&](const std::string& command) -> std::string {
    if (command.starts_with("LIST \"\" \"*\"")) {
      ++uid;
      server_.folder("Mid").message(uid, "Subject: " + std::to_string(uid) + "\r\n\r\n");
    }
    return "";
  };
  const AccountReport report = run();
  EXPECT_EQ(report.status, PassStatus::kPartial);
  EXPECT_EQ(runner_.snapshot().status, store::SnapshotStatus::kMoving);
  EXPECT_THAT(report.troubles, ElementsAre(HasSubstr("Mid: it kept changing during the backup: "
                                                     "UIDNEXT was")));
}

// The last of all lists may have passed its new name.
TEST_F(PartialReasonsTest, AFolderThatIsGoneInTheLastListIsNamed) {
  int lists = 0;
  server_.edit = [&](const std::string& command, std::string& answer) {
    if (!command.starts_with("LIST \"\" \"*\"")) return Afterwards::kNothing;
    const std::uint32_t uid = 10 + static_cast<std::uint32_t>(++lists);
    if (lists <= 3) server_.folder("Mid").message(uid, "Subject: arrives\r\n\r\n");
    if (lists != 4) return Afterwards::kNothing;
    const std::string line = "* LIST () \"/\" Zlast\r\n";
    answer.erase(answer.find(line), line.size());
    server_.remove("Zlast");
    return Afterwards::kNothing;
  };
  const AccountReport report = run();
  EXPECT_EQ(lists, 4);
  EXPECT_EQ(runner_.snapshot().status, store::SnapshotStatus::kMoving);
  EXPECT_THAT(report.troubles, ElementsAre("Zlast: it kept changing during the backup: it is gone, "
                                           "or has another name"));
}

}  // namespace
}  // namespace backupd
