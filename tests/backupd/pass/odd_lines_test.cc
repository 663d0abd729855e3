// Lines of FETCH that are not understood: they are left out, and neither end the backup of their
// folder nor let it miss a change.
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "tests/backupd/pass/odd_server_fixture.h"

namespace backupd {
namespace {

using testing::Contains;
using testing::Each;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

class OddLinesTest : public OddServerFixture {
 protected:
  OddMessage& second() { return server_.folder("INBOX").messages[1]; }

  static void break_second(std::string& answer) {
    const std::string beginning = "(UID 2 ";
    const std::size_t at = answer.find(beginning);
    if (at != std::string::npos) answer.replace(at, beginning.size(), "(UID (2 ");
  }

  // The recorded flags of the messages in INBOX.
  std::vector<std::vector<std::string>> flags() {
    std::vector<std::vector<std::string>> flags;
    store::Reader reader = store::Reader::open(runner_.location(), base::real_file_system());
    reader.for_each_message(
        reader.folders(runner_.snapshot()).front(),
        [&](const store::MessageEntry& entry) { flags.push_back(entry.flags); });
    return flags;
  }
};

TEST_F(OddLinesTest, AChangeThatIsNotUnderstoodIsLookedForAgain) {
  bool is_broken = false;
  server_.capabilities = "CONDSTORE";
  server_.edit = [&](const std::string& command, std::string& answer) {
    if (command.starts_with("EXAMINE")) answer.insert(0, "* OK [HIGHESTMODSEQ 5] five\r\n");
    if (!command.starts_with("UID FETCH")) return Afterwards::kNothing;
    if (is_broken) {
      break_second(answer);
    } else if (command.find("CHANGEDSINCE") != std::string::npos) {
      answer.erase(0, answer.rfind("\r\n", answer.size() - 3) + 2);  // nothing changed since
    }
    return Afterwards::kNothing;
  };
  ASSERT_EQ(run().status, PassStatus::kComplete);
  second().flags = "FLAGS (\\Seen)";
  is_broken = true;
  const AccountReport report = run();
  EXPECT_EQ(report.status, PassStatus::kComplete) << report.error;
  EXPECT_THAT(report.warnings, Contains(HasSubstr("(UID (2 FLAGS")));
  EXPECT_EQ(runner_.snapshot().messages, 3U);
  is_broken = false;
  EXPECT_EQ(run().status, PassStatus::kComplete);
  EXPECT_THAT(flags(), ElementsAre(IsEmpty(), ElementsAre("\\Seen"), IsEmpty()));
}

TEST_F(OddLinesTest, AMessageWhoseSizeIsNotUnderstoodIsFetchedWithinADailyBudget) {
  runner_.server_config().transfer.daily_bytes = 1'000'000;
  server_.edit = [](const std::string& command, std::string& answer) {
    const bool has_bodies = command.find("BODY.PEEK[]") != std::string::npos;
    if (command.starts_with("UID FETCH") && !has_bodies) break_second(answer);
    return Afterwards::kNothing;
  };
  const AccountReport report = run();
  EXPECT_EQ(report.status, PassStatus::kComplete) << report.error;
  EXPECT_EQ(runner_.snapshot().messages, 3U);
}

TEST_F(OddLinesTest, AMessageIsSkippedAndNoneOfItIsReported) {
  second().flags = "FLAGS (a(b)";
  second().date = "1";
  const AccountReport report = run();
  ASSERT_THAT(report.skipped, SizeIs(1));
  EXPECT_EQ(report.skipped[0].uid, base::Uid{2});
  EXPECT_EQ(runner_.snapshot().messages, 2U);
  EXPECT_THAT(report.warnings, Contains(HasSubstr("FLAGS (a(b)")));
  EXPECT_THAT(report.warnings, Each(Not(HasSubstr("Subject"))));
}

}  // namespace
}  // namespace backupd
