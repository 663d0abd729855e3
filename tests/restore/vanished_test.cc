// `mailstow-restore vanished` on a real server: it reports what was deleted, and the commands that
// it prints restore it.
#include <chrono>
#include <thread>

#include <gmock/gmock.h>

#include "base/clock.h"
#include "base/time_text.h"
#include "tests/programs/installation.h"
#include "tests/programs/recorded_mail.h"
#include "tests/servers/account_state.h"
#include "tests/servers/dovecot.h"
#include "tests/servers/mail_generator.h"

namespace restore {
namespace {

using programs::find_by;
using programs::json;

class VanishedTest : public testing::Test {
 protected:
  VanishedTest() { mailstow_.make_store(); }

  void back_up() { mailstow_.backupd_json({"once", "--account", "alice"}); }

  void fill(const std::string& folder, int messages) {
    client_.try_command("CREATE " + servers::quote(folder));
    for (int message = 0; message < messages; ++message) {
      client_.append(folder, std::vector<servers::Delivery>{{mail_.plain()}});
    }
  }

  void expunge(const std::string& folder, const std::string& uids) {
    client_.command("SELECT " + servers::quote(folder));
    client_.command("UID STORE " + uids + " +FLAGS.SILENT \\Deleted");
    client_.command("EXPUNGE");
  }

  json bursts(const std::string& since = "2001-01-01") {
    return mailstow_.restore_json({"vanished", "alice", "--since", since})["bursts"];
  }

  // Runs the printed command in a shell.
  json carry_out(const json& burst) {
    const std::string printed = burst["command"];
    const std::string program = "mailstow-restore";
    EXPECT_TRUE(printed.starts_with(program)) << printed;
    std::vector<std::string> command = mailstow_.restore_command({});
    command.insert(command.begin(),
                   {"bash", "-c", "\"$@\"" + printed.substr(program.size()) + " --json", "bash"});
    const auto result = servers::run_program(command);
    EXPECT_EQ(result.status, 0) << result.err;
    return json::parse(result.out);
  }

  servers::Dovecot server_;
  programs::Installation mailstow_{server_};
  servers::MailGenerator mail_{11};
  decltype(server_.client("alice")) client_ = server_.client("alice");
};

TEST_F(VanishedTest, ALineForEachAccountShowsWhereSomethingIsMissing) {
  EXPECT_EQ(mailstow_.restore({"vanished", "--all"}).out, "The store has no snapshots.\n");
  fill("INBOX", 6);
  fill("Archive", 4);
  back_up();
  EXPECT_EQ(mailstow_.restore({"vanished", "--all"}).out, "Nothing vanished from 1 account.\n")
      << "bob was never backed up";
  mailstow_.backupd_json({"once"});
  EXPECT_EQ(mailstow_.restore({"vanished", "--all"}).out, "Nothing vanished from 2 accounts.\n");
  expunge("INBOX", "2:3");
  expunge("Archive", "1");
  client_.command("SELECT INBOX");
  client_.command("UID COPY 1 Archive");
  expunge("INBOX", "1");
  mailstow_.backupd_json({"once"});
  const json accounts = mailstow_.restore_json({"vanished", "--all"})["accounts"];
  ASSERT_EQ(accounts.size(), 2U);
  EXPECT_EQ(accounts[0]["account"], "alice");
  EXPECT_EQ(accounts[0]["messages"], 3);
  EXPECT_EQ(accounts[0]["folders"], 2);
  EXPECT_EQ(accounts[0]["elsewhere"], 1);
  EXPECT_EQ(accounts[1]["messages"], 0);
  EXPECT_EQ(accounts[1]["last"], nullptr);
  const std::string text = mailstow_.restore({"vanished", "--all"}).out;
  EXPECT_THAT(text, testing::ContainsRegex("\nalice +3 +2 +20"));
  EXPECT_THAT(text, testing::HasSubstr("Nothing vanished from the other 1 account.\n"));
  const auto future = mailstow_.restore({"vanished", "--all", "--since", "2099-01-01"});
  EXPECT_EQ(future.status, 2);
  EXPECT_EQ(future.out, "");
  EXPECT_THAT(future.err, testing::HasSubstr("--since 2099-01-01: that is in the future\n"));

  const auto listing = mailstow_.restore({"vanished", "--all", "--messages", "3"});
  EXPECT_EQ(listing.status, 2);
  EXPECT_THAT(listing.err, testing::HasSubstr("leave out --messages\n"));
  EXPECT_EQ(mailstow_.restore({"vanished"}).status, 2);
  EXPECT_EQ(mailstow_.restore({"vanished", "alice", "--all"}).status, 2);
  EXPECT_EQ(mailstow_.restore({"vanished", "--all", "--since", "0123456789abcdef"}).status, 2);
}

TEST_F(VanishedTest, ListsDeletedMailAndTheCommandThatRestoresIt) {
  fill("INBOX", 6);
  fill("Archive/It's 2023", 12);
  back_up();
  EXPECT_EQ(bursts(), json::array());
  expunge("INBOX", "2:3");
  client_.command("DELETE \"Archive/It's 2023\"");
  back_up();

  const json found = bursts();
  ASSERT_EQ(found.size(), 2U) << found.dump(2);
  const json part = find_by(found, "folder", "INBOX");
  EXPECT_EQ(part["messages"].size(), 2U);
  EXPECT_EQ(part["messages"][0]["uid"], 2);
  EXPECT_EQ(part["whole_folder"], false);
  EXPECT_EQ(part["elsewhere"], 0);
  const json whole = find_by(found, "folder", "Archive/It's 2023");
  EXPECT_EQ(whole["messages"].size(), 12U);
  EXPECT_EQ(whole["whole_folder"], true);

  const auto text = mailstow_.restore({"vanished", "alice"});
  EXPECT_THAT(text.out, testing::ContainsRegex("^20[0-9-]+T[0-9:]+Z: "));
  EXPECT_THAT(text.out, testing::HasSubstr(": 12 messages from Archive/It's 2023 ("));
  EXPECT_THAT(text.out, testing::HasSubstr(whole["command"].get<std::string>()));

  EXPECT_EQ(carry_out(part)["folders"][0]["restored"], 2);
  const json report = carry_out(whole);
  ASSERT_EQ(report["folders"].size(), 1U) << report.dump(2);
  EXPECT_EQ(report["folders"][0]["source"], "Archive/It's 2023");
  EXPECT_EQ(report["folders"][0]["restored"], 12);
}

TEST_F(VanishedTest, OfManyLostMessagesOnlyTheseComeBack) {
  fill("What? *All*", 20);
  fill("Whatx yAllz", 3);
  back_up();
  expunge("What? *All*", "4:15");
  const json backup = mailstow_.backupd_json({"once", "--account", "alice"});
  const json found = bursts();
  ASSERT_EQ(found.size(), 1U) << found.dump(2);
  EXPECT_THAT(found[0]["command"].get<std::string>(), testing::HasSubstr("--missing"));
  const std::string commit = backup["commit"]["number"].dump();
  const json past = mailstow_.restore_json({"vanished", "alice", "--as-of", commit})["bursts"];
  ASSERT_EQ(past.size(), 1U) << past.dump(2);
  EXPECT_EQ(past[0]["command"].get<std::string>() + " --missing",
            found[0]["command"].get<std::string>())
      << "as of an earlier commit, nothing is compared with a backup taken now";
  const json report = carry_out(found[0]);
  ASSERT_EQ(report["folders"].size(), 1U) << report.dump(2);
  EXPECT_EQ(report["folders"][0]["source"], "What? *All*");
  EXPECT_EQ(report["folders"][0]["restored"], 12);
}

TEST_F(VanishedTest, ListsDeletionsSinceASnapshot) {
  fill("INBOX", 3);
  back_up();
  std::this_thread::sleep_for(std::chrono::milliseconds(1100));  // snapshots' times are seconds
  expunge("INBOX", "1");
  back_up();
  const json snapshots = mailstow_.restore_json({"snapshots", "alice"})["snapshots"];
  ASSERT_EQ(snapshots.size(), 2U);
  const auto since = [&](std::size_t at, std::size_t digits) {
    return bursts(snapshots[at]["snapshot"].get<std::string>().substr(0, digits)).size();
  };
  EXPECT_EQ(since(0, 64) + since(1, 64), 1U);
  EXPECT_EQ(since(0, 16), since(0, 64));
}

TEST_F(VanishedTest, APrintedTimeIsInItsHistory) {
  mailstow_.config()["restore"]["time_zone"] = "America/New_York";
  mailstow_.save();
  const auto now = base::system_clock().now_seconds();
  const auto message = [&](std::uint32_t uid) -> programs::RecordedMessage {
    return {uid, "Subject: " + std::to_string(uid) + "\r\n\r\nbody\r\n", base::ZonedTime{now}};
  };
  record_inbox(mailstow_, now - std::chrono::hours(30), {message(1), message(2)});
  record_inbox(mailstow_, now - std::chrono::hours(20), {message(2)});
  record_inbox(mailstow_, now - std::chrono::hours(10), {message(2)});
  const auto lost = base::format_zoned(now - std::chrono::hours(20), "America/New_York");
  EXPECT_THAT(mailstow_.restore({"vanished", "alice"}).out,
              testing::StartsWith(lost + ": 1 message from INBOX"));
  EXPECT_EQ(bursts(lost).size(), 1U);
  const std::vector<std::string> all = {"vanished", "--all", "--since", lost};
  EXPECT_EQ(mailstow_.restore_json(all)["accounts"][0]["messages"], 1);
  EXPECT_THAT(mailstow_.restore(all).out, testing::HasSubstr("  " + lost + "\n"));
  const auto later = now - std::chrono::hours(20) + std::chrono::seconds(1);
  EXPECT_EQ(bursts(base::format_rfc3339(later)).size(), 0U);
}

TEST_F(VanishedTest, DistinguishesMovedMessages) {
  fill("INBOX", 4);
  fill("Archive", 1);
  back_up();
  client_.command("SELECT INBOX");
  client_.command("UID MOVE 1:2 Archive");
  back_up();
  const json found = bursts();
  ASSERT_EQ(found.size(), 1U) << found.dump(2);
  EXPECT_EQ(found[0]["elsewhere"], 2);
  const auto text = mailstow_.restore({"vanished", "alice"});
  EXPECT_THAT(text.out, testing::HasSubstr("Nothing vanished."));
  EXPECT_THAT(text.out, testing::HasSubstr("Not shown: 2 that"));
}

TEST_F(VanishedTest, RequiresATimeAndAnAccountThatHasSnapshots) {
  fill("INBOX", 2);
  back_up();
  expunge("INBOX", "1");
  back_up();
  EXPECT_EQ(bursts("yesterday").size(), 1U);
  const auto end = base::parse_time(bursts()[0]["time"].get<std::string>(), "UTC");
  while (base::system_clock().now_seconds() <= end) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  EXPECT_EQ(bursts("now").size(), 0U);
  EXPECT_EQ(mailstow_.restore({"vanished", "alice", "--since", "someday"}).status, 2);
  EXPECT_EQ(mailstow_.restore({"vanished", "bob"}).status, 1);
}

// After a mail server was restored from an older copy.
TEST_F(VanishedTest, ReportsMessagesWhoseUidsWereReusedAsReplaced) {
  const auto now = base::system_clock().now_seconds();
  const auto message = [&](std::uint32_t uid,
                           const std::string& body) -> programs::RecordedMessage {
    return {uid, "Subject: " + std::to_string(uid) + "\r\n\r\n" + body + "\r\n",
            base::ZonedTime{now}};
  };
  // UID 1 belongs to another message in the second night, UID 2 is gone, UID 3 stays.
  record_inbox(mailstow_, now - std::chrono::days(1),
               {message(1, "first"), message(2, ""), message(3, "")});
  record_inbox(mailstow_, now, {message(1, "second"), message(3, "")});
  const json found = bursts();
  ASSERT_EQ(found.size(), 1U) << found;
  EXPECT_EQ(found[0]["messages"].size(), 2U);
  EXPECT_EQ(found[0]["replaced"], 1);
  EXPECT_THAT(mailstow_.restore({"vanished", "alice"}).out,
              testing::HasSubstr("; 1 of them replaced by others with the same UIDs"));
}

}  // namespace
}  // namespace restore
