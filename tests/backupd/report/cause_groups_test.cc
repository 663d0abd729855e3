#include "backupd/report/cause_groups.h"

#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "base/terminal.h"
#include "tests/backupd/report/refusals.h"

namespace backupd {
namespace {

struct Report {
  AccountNames account;
  std::string error;
};

std::size_t causes_of(const std::vector<Report>& reports) {
  CauseGroups groups;
  for (const Report& report : reports) groups.number_of(report.error, report.account);
  return groups.size();
}

TEST(CauseGroupsTest, AServerThatIsDownIsOneCause) {
  for (const Refusal& refusal : refusals_of_all()) {
    CauseGroups groups;
    for (std::size_t number = 0; number < kManyAccounts; ++number) {
      const std::string user = word_of(number) + "@example.org";
      EXPECT_EQ(groups.number_of(refusal(user, number), {word_of(number), user}), 0U);
    }
    EXPECT_EQ(groups.size(), 1U) << refusal("alice", 7);
  }
}

TEST(CauseGroupsTest, NumbersCountTheCausesFromZero) {
  CauseGroups groups;
  EXPECT_EQ(groups.number_of("refused", {"alice", {}}), 0U);
  EXPECT_EQ(groups.number_of("no such host", {"bob", {}}), 1U);
  EXPECT_EQ(groups.number_of("refused", {"carol", {}}), 0U);
  EXPECT_EQ(groups.number_of("wrong password", {"dave", {}}), 2U);
  EXPECT_EQ(groups.size(), 3U);
}

TEST(CauseGroupsTest, TheUserInALoginNeedNotBeKnown) {
  EXPECT_EQ(causes_of({{{"Anna", {}}, wrong_admin_password("asmith", 0)},
                       {{"Bert", {}}, wrong_admin_password("bjones", 0)},
                       {{"Carl", {}}, wrong_admin_password("c as d", 0)}}),
            1U);
}

TEST(CauseGroupsTest, AnAccountMayBeCalledLikeAWordOfTheText) {
  std::vector<Report> reports;
  for (const char* name : {"alice", "server", "admin", "the", "backup", "as", "NO", "password",
                           "mail", "Authentication", "mail.example.org", "example.org"}) {
    reports.push_back({{name, name}, wrong_admin_password(name, 0)});
    reports.push_back({{name, name}, unavailable(name, 3)});
  }
  EXPECT_EQ(causes_of(reports), 2U);
}

TEST(CauseGroupsTest, AServerMayNameTheAccountInItsText) {
  const auto text = [](const std::string& user, const std::string& path) {
    return fmt::format("imaps://h: LIST: NO [SERVERBUG] {} is broken: {}/Maildir <{}>", user, path,
                       word_of(path.size()));
  };
  EXPECT_EQ(
      causes_of(
          {{{"Anna", "ASmith@Example.org"}, text("asmith@example.org", "/mail/example.org/asmith")},
           {{"Bert", "bjones@example.com"}, text("bjones@example.com", "/mail/example.com/bjones")},
           {{"c\nd", "c\nd@x"}, text("c\\x0Ad@x", "/mail/x/c\\x0Ad")},
           {{"Dora", "dmills"}, text("everything", "/mail/dmills")}}),
      2U)
      << "the text of the last one differs";
}

TEST(CauseGroupsTest, TextsAboutFoldersAreOneCause) {
  const std::vector<std::string> folders = {"INBOX",     "Work", "Lists/a@example.org",
                                            "Old mail",  "the",  "Server",
                                            "M\u00fcll", "a\nb", "to: do"};
  CauseGroups groups;
  for (const std::string& folder : folders) {
    for (const std::string& line : {folder, base::escape_for_terminal(folder)}) {
      EXPECT_EQ(groups.number_of(line + ": the server does not list it", {"alice", {}, folder}), 0U)
          << line;
    }
  }
  EXPECT_EQ(groups.number_of("Work: the server does not open it", {"alice", {}, "Work"}), 1U);
  EXPECT_EQ(causes_of({{{"alice", {}, "Work"}, "imaps://h: EXAMINE Work: NO locked"},
                       {{"alice", {}, "Plans"}, "imaps://h: EXAMINE Plans: NO locked"}}),
            1U);
}

TEST(CauseGroupsTest, NumbersTimesAndIdentifiersAreNoCauses) {
  std::vector<Report> reports;
  for (const char* id : {"7", "1,204", "0.25", "4f3a9c", "deadbeef", "11:30:07", "10.0.0.7",
                         "<aBcD+/eF>", "<k3JX/9>", "[mail:7]", "[2026-11-30 11:30:00 backend-a]",
                         "alice@example.org", "carol.b@example.com"}) {
    const bool is_name = std::string(id).find('@') != std::string::npos;
    reports.push_back({{"dave", {}}, fmt::format("{} {} ended", is_name ? "for" : "session", id)});
  }
  EXPECT_EQ(causes_of(reports), 2U);
}

TEST(CauseGroupsTest, DifferentCausesStayApart) {
  const std::vector<std::string> errors = {
      "imaps://mail1.example.org: Connection refused: check that the server runs",
      "imaps://mail2.example.org: Connection refused: check that the server runs",
      "imaps://mail1.example.org:1993: Connection refused: check that the server runs",
      "imaps://mail1.example.org: no such host: check the url and the name service",
      "imaps://h: login of alice: the server refused: NO [AUTHENTICATIONFAILED] No.: check it",
      "imaps://h: login of alice: the server refused: NO [EXPIRED] No.: check it",
      "imaps://h: login of alice: the server refused: NO [CONTACTADMIN] No.: check it",
      "imaps://h: login of backup as alice: the server refused: NO [EXPIRED] No.: check it",
      "imaps://h: login of root as alice: the server refused: NO [EXPIRED] No.: check it",
      "imaps://h: login of alice: the server refused: NO login failed [locked]: check it",
      "imaps://h: login of alice: the server refused: NO login failed [unknown]: check it"};
  std::vector<Report> reports;
  for (const std::string& error : errors) reports.push_back({{"alice", "alice"}, error});
  EXPECT_EQ(causes_of(reports), errors.size());
}

TEST(CauseGroupsTest, HostileTextsAreCompared) {
  for (const std::string& text :
       {std::string(), std::string("["), std::string("no ["), std::string("<"), std::string("@"),
        std::string("login of "), std::string("login of : the server "), std::string("://"),
        std::string("login of  as : the server "), std::string("a@"), std::string("[7"),
        std::string(100'000, '@'), std::string(100'000, 'a'), std::string(100'000, '['),
        std::string(100'000, '\xff')}) {
    EXPECT_EQ(causes_of({{{"alice", {}}, text}, {{{}, {}}, text}, {{"@", "@"}, text}}), 1U)
        << text.substr(0, 80);
  }
}

TEST(FewOfEachTest, TheRestIsCounted) {
  FewOfEach few(2, 3);
  EXPECT_TRUE(few.admits("refused 1", {}));
  EXPECT_TRUE(few.admits("refused 2", {}));
  EXPECT_FALSE(few.admits("refused 3", {})) << "two are alike";
  EXPECT_TRUE(few.admits("closed", {}));
  EXPECT_FALSE(few.admits("lost", {})) << "three in all";
  EXPECT_FALSE(few.admits("lost", {}));
  EXPECT_FALSE(few.admits("closed", {}));
  EXPECT_EQ(few.left_out_alike(), 2U);
  EXPECT_EQ(few.left_out_others(), 2U);
  EXPECT_EQ(few.left_out(), 4U);
}

constexpr std::size_t kManyTexts = 2 * FewOfEach::kMaxForms;

TEST(FewOfEachTest, TextsWithoutEndAreNotRemembered) {
  FewOfEach few;
  std::size_t shown = 0;
  for (std::size_t number = 0; number < kManyTexts; ++number) {
    if (few.admits("it broke over z" + word_of(number), {})) ++shown;
  }
  EXPECT_EQ(shown, FewOfEach::kMaxShown);
  EXPECT_LE(few.forms(), FewOfEach::kMaxForms + 2);
  EXPECT_EQ(few.left_out_others(), kManyTexts - FewOfEach::kMaxShown);
  EXPECT_FALSE(few.admits("it broke over z" + word_of(0), {}));
  EXPECT_EQ(few.left_out_alike(), 1U) << "the causes that are shown stay known";
}

// Each has a form of its own, in which the account is not left out.
TEST(FewOfEachTest, TextsOfOneCauseAreNotRememberedWithoutEnd) {
  FewOfEach few;
  for (std::size_t number = 0; number < kManyTexts; ++number) {
    const std::string name = word_of(number);
    EXPECT_EQ(few.admits("it lacks a mailbox for " + name, {name, {}}),
              number < FewOfEach::kMaxAlike);
  }
  EXPECT_LE(few.forms(), FewOfEach::kMaxForms + 2);
  EXPECT_EQ(few.left_out_alike(), kManyTexts - FewOfEach::kMaxAlike);
  EXPECT_TRUE(few.admits("out of memory", {})) << "there is room for other causes";
  EXPECT_FALSE(few.admits("it lacks a mailbox for alice", {"alice", {}}));
  EXPECT_EQ(few.left_out_others(), 0U);
}

}  // namespace
}  // namespace backupd
