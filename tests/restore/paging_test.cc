// Listings in pages: --limit and --after.
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/long_run.h"
#include "tests/programs/installation.h"
#include "tests/servers/dovecot.h"

namespace restore {
namespace {

using programs::json;
using testing::HasSubstr;
using testing::StartsWith;

class PagingTest : public testing::Test {
 protected:
  PagingTest() {
    mailstow_.make_store();
    for (const char* folder : {"Work", "Tools", "Zoo"}) {
      server_.client("alice").command("CREATE " + servers::quote(folder));
    }
    std::vector<servers::Delivery> week;
    for (int day = 1; day <= 7; ++day) week.push_back({mail_of(day)});
    server_.client("alice").append("INBOX", week);
    back_up();
  }

  static std::string mail_of(int day) {
    const std::string number = std::to_string(day);
    return "From: a@example.org\r\nSubject: day " + number + "\r\nDate: Tue, " + number +
           " Dec 2026 10:00:00 +0000\r\n\r\nbody\r\n";
  }

  void append(const std::string& folder, int day) {
    server_.client("alice").append(folder, std::vector<servers::Delivery>{{mail_of(day)}});
  }

  void back_up() { mailstow_.backupd_json({"once", "--account", "alice"}); }

  // All elements of a listing, in pages of `limit`.
  std::vector<json> in_pages(const std::vector<std::string>& command, const std::string& list,
                             std::size_t limit) {
    std::vector<json> all;
    std::vector<std::string> page = command;
    page.insert(page.end(), {"--limit", std::to_string(limit)});
    while (true) {
      const json document = mailstow_.restore_json(page);
      EXPECT_LE(document[list].size(), limit);
      for (const json& element : document[list]) all.push_back(element);
      if (document["next"].is_null() || all.size() > 100) return all;
      page = command;
      page.insert(page.end(), {"--limit", std::to_string(limit),
                               "--after=" + document["next"].get<std::string>()});
    }
  }

  void expect_pages(const std::vector<std::string>& command, const std::string& list) {
    const json whole = mailstow_.restore_json(command);
    EXPECT_TRUE(whole["next"].is_null());
    EXPECT_GE(whole[list].size(), 2U);
    // Pages of one element of a long list are many runs.
    const bool is_short = whole[list].size() <= 4 || tests::is_long_run();
    for (const std::size_t limit :
         is_short ? std::vector<std::size_t>{1, 2, 7} : std::vector<std::size_t>{2, 7}) {
      EXPECT_EQ(json(in_pages(command, list, limit)), whole[list]) << list << ", " << limit;
    }
  }

  servers::Dovecot server_;
  programs::Installation mailstow_{server_};
};

TEST_F(PagingTest, PagesTogetherAreTheWholeList) {
  append("Zoo", 8);
  back_up();
  servers::ImapClient alice = server_.client("alice");
  for (const char* folder : {"INBOX", "Zoo"}) {
    alice.command("SELECT " + std::string(folder));
    alice.command("STORE 1 +FLAGS (\\Deleted)");
    alice.command("EXPUNGE");
  }
  back_up();
  expect_pages({"messages", "alice", "INBOX"}, "messages");
  expect_pages({"folders", "alice"}, "folders");
  expect_pages({"snapshots", "alice"}, "snapshots");
  expect_pages({"search", "alice", "day"}, "messages");
  expect_pages({"vanished", "alice"}, "bursts");
}

TEST_F(PagingTest, ANewMessageMovesNoPage) {
  const json first = mailstow_.restore_json({"messages", "alice", "INBOX", "--limit", "3"});
  ASSERT_EQ(first["next"], "3");
  append("INBOX", 9);
  back_up();
  const json second =
      mailstow_.restore_json({"messages", "alice", "INBOX", "--limit", "3", "--after", "3"});
  EXPECT_EQ(second["messages"][0]["uid"], 4);
  EXPECT_EQ(second["messages"][0]["subject"], "day 4");
}

TEST_F(PagingTest, TextNamesTheNextPage) {
  const auto page = mailstow_.restore({"messages", "alice", "INBOX", "--limit", "2"});
  EXPECT_EQ(page.status, 0);
  EXPECT_THAT(page.out, HasSubstr("There are more: --after=2 shows them.\n"));
  EXPECT_THAT(mailstow_.restore({"messages", "alice", "INBOX", "--after", "5"}).out,
              testing::Not(HasSubstr("There are more")));
  EXPECT_EQ(mailstow_.restore({"messages", "alice", "INBOX", "--after", "x"}).status, 2);
  EXPECT_EQ(mailstow_.restore({"folders", "alice", "--after", "Nowhere"}).status, 1);
}

TEST_F(PagingTest, TheFoldersAfterInboxAreShownWhateverItsCase) {
  const json after = mailstow_.restore_json({"folders", "alice", "--after", "INBOX"});
  EXPECT_LT(after["folders"].size(), 4U);
  EXPECT_EQ(mailstow_.restore_json({"folders", "alice", "--after", "inbox"}), after);
}

TEST_F(PagingTest, AListWithoutEntriesIsASentence) {
  const auto text_of = [&](const std::vector<std::string>& command) {
    return mailstow_.restore(command).out;
  };
  EXPECT_THAT(text_of({"messages", "alice", "Work"}),
              StartsWith("The folder holds no messages.\nFrom the snapshot of "));
  EXPECT_THAT(text_of({"messages", "alice", "INBOX", "--after", "7"}),
              StartsWith("The list ends with 7.\nFrom the snapshot of "));
  const std::string last = mailstow_.restore_json({"folders", "alice"})["folders"].back()["folder"];
  EXPECT_THAT(text_of({"folders", "alice", "--after", last}),
              StartsWith("The list ends with " + last + ".\nFrom the snapshot of "));
  EXPECT_EQ(text_of({"accounts", "--after", "alice"}), "The list ends with alice.\n");
  const std::string id = mailstow_.restore_json({"snapshots", "alice"})["snapshots"][0]["snapshot"];
  EXPECT_EQ(text_of({"snapshots", "alice", "--after", id}), "The list ends with " + id + ".\n");
  EXPECT_EQ(mailstow_.backupd({"status", "--history", "--after", id}).out,
            "The list ends with " + id + ".\n");
}

}  // namespace
}  // namespace restore
