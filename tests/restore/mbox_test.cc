// A real server that keeps each folder in one file, and so allows no folders below one that can
// hold messages.
#include <gmock/gmock.h>

#include "tests/restore/run_fixture.h"
#include "tests/servers/dovecot_forms.h"
#include "tests/servers/mail_generator.h"

namespace restore {
namespace {

using programs::find_by;
using programs::json;

class MboxTest : public RunTest {
 protected:
  MboxTest() : RunTest(servers::dovecot_with_mbox().options) {
    mailstow_.config()["servers"]["main"]["quota"] = "none";
    mailstow_.save();
    servers::MailGenerator mail(3);
    auto alice = server_.client("alice");
    alice.command("CREATE Work/2023");
    for (const char* folder : {"INBOX", "Work/2023"}) {
      alice.append(folder, std::vector<servers::Delivery>{{mail.plain()}, {mail.plain()}});
    }
    back_up();
  }

  std::string listed() { return server_.client("alice").command("LIST \"\" RESTORED*"); }
};

TEST_F(MboxTest, ATreeIsMadeAndSweptWithEveryLevel) {
  const json first = mailstow_.restore_json({"run", "alice", "--all", "--expire-after", "1s"});
  const json second = mailstow_.restore_json({"run", "alice", "--all", "--expire-after", "1s"});
  for (const json& report : {first, second}) {
    for (const char* folder : {"INBOX", "Work/2023"}) {
      EXPECT_EQ(find_by(report["folders"], "source", folder)["restored"], 2) << report;
    }
  }
  EXPECT_THAT(listed(), testing::HasSubstr(second["tree"].get<std::string>() + "/Work/2023"));
  const json swept = mailstow_.restore_json({"sweep"});
  for (const json& tree : swept["trees"]) EXPECT_EQ(tree["finished"], true) << tree;
  EXPECT_EQ(listed(), "");
}

}  // namespace
}  // namespace restore
