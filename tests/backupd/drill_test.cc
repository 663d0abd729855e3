// `drill` on real servers, and the samples that it draws.
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include <gmock/gmock.h>

#include "backupd/drill_report.h"
#include "backupd/drill_sample.h"
#include "store/format/location.h"
#include "tests/backupd/report/refusals.h"
#include "tests/programs/installation.h"
#include "tests/servers/account_filler.h"
#include "tests/servers/account_state.h"
#include "tests/servers/cyrus.h"
#include "tests/servers/delivery.h"
#include "tests/servers/dovecot.h"
#include "tests/servers/maildir.h"

namespace backupd {
namespace {

namespace fs = std::filesystem;
using programs::json;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

void overwrite_byte(const base::Path& path, std::streamoff place) {
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file.seekg(place);
  const auto byte = static_cast<char>(file.get() ^ 1);
  file.seekp(place);
  file.put(byte);
}

class DrillTest : public testing::Test {
 protected:
  DrillTest() {
    servers::fill_account(server_, "alice", 40);
    mailstow_.make_store();
    mailstow_.backupd({"once"});
  }

  store::Location location() const {
    return {mailstow_.store(), mailstow_.index(), mailstow_.key_file(), 0};
  }

  void draw_at_most(std::uint64_t messages) {
    mailstow_.config()["drill"]["messages"] = messages;
    mailstow_.save();
  }

  servers::Dovecot server_;
  programs::Installation mailstow_{server_};
};

TEST_F(DrillTest, ReadsASmallStoreWholeAndComparesItWithTheServer) {
  const json report = mailstow_.backupd_json({"drill"});
  EXPECT_EQ(report["status"], "intact");
  EXPECT_EQ(report["messages"], 40);
  EXPECT_EQ(report["intact"], 40);
  EXPECT_EQ(report["receipts"], report["folders"]);
  EXPECT_EQ(report["live"], json({{"same", 40}, {"gone", 0}}));
  EXPECT_EQ(report["scratch"], nullptr);
  std::ifstream kept(mailstow_.index() / "reports" / "drill.json");
  EXPECT_EQ(json::parse(kept), report);
}

TEST_F(DrillTest, RepeatsASampleByItsSeed) {
  draw_at_most(10);
  json report = mailstow_.backupd_json({"drill"});
  EXPECT_EQ(report["messages"], 10);
  json again = mailstow_.backupd_json({"drill", "--seed", report["seed"].dump()});
  for (json* document : {&report, &again}) document->erase("time");
  EXPECT_EQ(again, report);
  EXPECT_THAT(mailstow_.backupd({"drill"}).out, HasSubstr("10 of 10 messages"));
}

TEST_F(DrillTest, EventuallyDrawsEveryMessage) {
  store::Reader reader = store::Reader::open(location(), base::real_file_system());
  std::set<store::MessageId> drawn;
  for (std::uint64_t seed = 0; seed < 300; ++seed) {
    std::size_t messages = 0;
    for (const FolderSample& sample : draw_sample(reader, 5, seed).folders) {
      messages += sample.messages.size();
      EXPECT_EQ(sample.is_whole, sample.messages.size() == sample.folder.receipt.messages);
      for (const auto& entry : sample.messages) drawn.insert(entry.message);
    }
    EXPECT_EQ(messages, 5U);
  }
  EXPECT_THAT(drawn, SizeIs(40));
}

TEST_F(DrillTest, MessagesThatUsersDeletedAreNoProblem) {
  auto alice = server_.client("alice");
  alice.command("SELECT INBOX");
  alice.command("STORE 1 +FLAGS \\Deleted");
  alice.command("EXPUNGE");
  const json report = mailstow_.backupd_json({"drill"});
  EXPECT_EQ(report["live"], json({{"same", 39}, {"gone", 1}}));
}

TEST_F(DrillTest, UnreadableMessagesAreDamage) {
  overwrite_byte(fs::directory_iterator(mailstow_.store() / "packs")->path(), 200);
  const json report = mailstow_.backupd_json({"drill"}, 4);
  EXPECT_EQ(report["status"], "damaged");
  ASSERT_FALSE(report["troubles"].empty());
  EXPECT_EQ(report["troubles"][0]["kind"], "unreadable");
  EXPECT_EQ(report["troubles"][0]["account"], "alice");
  EXPECT_LT(report["intact"], report["messages"]);
}

TEST_F(DrillTest, ReportsMessagesThatDifferOnTheServer) {
  base::Path file;
  const base::Path mail = servers::mail_directory(server_.directory());
  for (const auto& entry : fs::recursive_directory_iterator(mail)) {
    const std::string folder = entry.path().parent_path().filename();
    if (entry.is_regular_file() && (folder == "cur" || folder == "new")) file = entry.path();
  }
  overwrite_byte(file, static_cast<std::streamoff>(fs::file_size(file)) - 3);
  const json report = mailstow_.backupd_json({"drill"}, 3);
  ASSERT_THAT(report["troubles"], SizeIs(1));
  EXPECT_EQ(report["troubles"][0]["kind"], "different");
  EXPECT_FALSE(report["troubles"][0]["uid"].is_null());
  EXPECT_EQ(report["intact"], 40);
}

TEST_F(DrillTest, ReadsTheStoreEvenWithoutTheServer) {
  server_.stop();
  const json report = mailstow_.backupd_json({"drill"}, 3);
  EXPECT_EQ(report["status"], "partial");
  EXPECT_EQ(report["intact"], 40);
  EXPECT_EQ(report["troubles"][0]["kind"], "server");
}

TEST(DrillReportTest, AServerThatIsDownTakesAFewLines) {
  DrillReport report;
  for (std::size_t number = 0; number < 300; ++number) {
    report.troubles.push_back({DrillTroubleKind::kServer, "of-" + word_of(number), std::nullopt, "",
                               std::nullopt, wrong_admin_password(word_of(number), 0)});
  }
  report.troubles.push_back({DrillTroubleKind::kUnreadable, "alice", std::nullopt, "INBOX",
                             base::Uid{7}, "it is damaged"});
  EXPECT_THAT(report.trouble_lines(),
              testing::ElementsAre(
                  "of-k: " + wrong_admin_password("k", 0), "of-l: " + wrong_admin_password("l", 0),
                  "of-m: " + wrong_admin_password("m", 0), "alice: INBOX: UID 7: it is damaged",
                  "297 more accounts that could not be compared with their servers: see "
                  "reports/drill.json beside the index"));
}

TEST_F(DrillTest, TheScratchAccountGetsTheSampleForAnHour) {
  mailstow_.config()["drill"]["account"] = "bob";
  mailstow_.save();
  const json report = mailstow_.backupd_json({"drill"});
  EXPECT_EQ(report["scratch"]["account"], "bob");
  EXPECT_EQ(report["scratch"]["restored"], 40);
  ASSERT_THAT(report["scratch"]["trees"], SizeIs(1));
  EXPECT_EQ(servers::account_state(server_, "bob", "RESTORED").message_count(), 40U);
  EXPECT_EQ(mailstow_.restore_json({"trees"})["trees"][0]["tree"], report["scratch"]["trees"][0]);
}

TEST_F(DrillTest, ReportsAScratchAccountThatRejectsTheLogin) {
  mailstow_.config()["accounts"].push_back(
      {{"name", "scratch"}, {"server", "main"}, {"user", "nobody-of-this-name"}});
  mailstow_.config()["drill"]["account"] = "scratch";
  mailstow_.save();
  const json report = mailstow_.backupd_json({"drill"}, 3);
  EXPECT_EQ(report["troubles"][0]["kind"], "scratch");
  EXPECT_THAT(report["troubles"][0]["what"].get<std::string>(), HasSubstr("exit status 1"));
}

TEST_F(DrillTest, AnEmptySampleIsNoSuccess) {
  fs::remove_all(mailstow_.store());
  fs::remove_all(mailstow_.index());
  mailstow_.make_store();
  const auto result = mailstow_.backupd({"drill"});
  EXPECT_EQ(result.status, 1);
  EXPECT_THAT(result.err, HasSubstr("no snapshot holds a message"));
}

TEST(CyrusDrillTest, ComparesAndRestores) {
  servers::Cyrus server;
  programs::Installation mailstow(server);
  servers::fill_account(server, "alice", 20);
  mailstow.config()["drill"]["account"] = "bob";
  mailstow.save();
  mailstow.make_store();
  mailstow.backupd({"once"});
  const json report = mailstow.backupd_json({"drill"});
  EXPECT_EQ(report["live"], json({{"same", 20}, {"gone", 0}}));
  EXPECT_EQ(report["scratch"]["restored"], 20);
  EXPECT_THAT(report["troubles"], IsEmpty());
}

}  // namespace
}  // namespace backupd
