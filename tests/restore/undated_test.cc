// Messages without a known date: they are restored without one, listed, and chosen
// whatever --since and --before are.
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>

#include "tests/programs/recorded_mail.h"
#include "tests/restore/kinds.h"
#include "tests/servers/account_state.h"

namespace restore {
namespace {

using programs::json;
using testing::HasSubstr;

constexpr std::chrono::sys_seconds kSpring2020 =
    std::chrono::sys_days(std::chrono::year(2020) / 4 / 1);
constexpr std::chrono::sys_seconds kSpring2021 =
    std::chrono::sys_days(std::chrono::year(2021) / 4 / 1);

class UndatedTest : public testing::TestWithParam<Kind> {
 protected:
  UndatedTest() : server_(make_server(GetParam())), mailstow_(*server_) {
    let_set_quotas(mailstow_, *server_);
    mailstow_.make_store();
    record_inbox(mailstow_, kSpring2021,
                 {{1, text_of(1), base::ZonedTime{kSpring2020}},
                  {2, text_of(2), base::ZonedTime{kSpring2021}},
                  {3, text_of(3), std::nullopt}});
  }

  static std::string text_of(int number) {
    return "Subject: " + std::to_string(number) + "\r\n\r\nbody\r\n";
  }

  std::unique_ptr<servers::Server> server_;
  programs::Installation mailstow_;
};

TEST_P(UndatedTest, ARestoreListsThem) {
  const std::vector<std::string> run = {"run", "alice", "--since", "2020-06-01", "--to", "bob"};
  std::vector<std::string> dry_run = run;
  dry_run.emplace_back("--dry-run");
  const json plan = mailstow_.restore_json(dry_run);
  EXPECT_EQ(plan["plan"]["without_date"], 1);
  EXPECT_EQ(plan["undated"], 1);
  EXPECT_THAT(mailstow_.restore(dry_run).out, HasSubstr("Without a date"));

  mailstow_.config()["restore"]["time_zone"] = "Asia/Tokyo";
  mailstow_.save();
  const json report = mailstow_.restore_json(run);
  EXPECT_EQ(report["undated"], 1);
  const json& folder = report["folders"][0];
  EXPECT_EQ(folder["restored"], 2);
  ASSERT_EQ(folder["altered"].size(), 1U) << folder;
  EXPECT_EQ(folder["altered"][0]["uid"], 3);
  EXPECT_THAT(folder["altered"][0]["how"].get<std::string>(),
              testing::ContainsRegex("it had no INTERNALDATE: now it is [-0-9]+T[:0-9]+.09:00"));
  const servers::AccountState bob = servers::account_state(*server_, "bob");
  for (const auto& [name, state] : bob.folders) {
    for (const servers::MessageState& message : state.messages) {
      EXPECT_GE(message.internal_date, kSpring2021.time_since_epoch().count()) << "never 1970";
    }
  }
  EXPECT_EQ(bob.message_count(), 2U);
}

TEST_P(UndatedTest, TheyAreChosenWithAnyTimes) {
  const auto out = mailstow_.restore(
      {"run", "alice", "--before", "2001-01-01", "--to", "bob", "--expire-after", "1s"});
  EXPECT_EQ(out.status, 0) << out.err;
  EXPECT_THAT(out.out, HasSubstr("Included although no date is known: 1 message.\n"));
  EXPECT_EQ(servers::account_state(*server_, "bob").message_count(), 1U);
  const json swept = mailstow_.restore_json({"sweep", "--now"});
  EXPECT_EQ(swept["trees"][0]["finished"], true)
      << "the tree's record knows the message: " << swept;
  EXPECT_EQ(servers::account_state(*server_, "bob").message_count(), 0U);
}

TEST_P(UndatedTest, TheirDateIsNull) {
  const json messages = mailstow_.restore_json({"messages", "alice", "INBOX"})["messages"];
  ASSERT_EQ(messages.size(), 3U);
  EXPECT_EQ(messages[0]["internal_date"], "2020-04-01T00:00:00Z");
  EXPECT_TRUE(messages[2]["internal_date"].is_null()) << messages[2];

  for (const std::string format : {"mbox", "maildir", "eml"}) {
    const base::Path to = mailstow_.directory() / format;
    const json report = mailstow_.restore_json(
        {"export", "alice", "--format", format, "--to", to.string(), "--before", "2001-01-01"});
    EXPECT_EQ(report["undated"], 1) << format;
    std::ifstream manifest(to / "manifest.jsonl");
    std::string text;
    ASSERT_TRUE(std::getline(manifest, text)) << format;
    const json line = json::parse(text);
    EXPECT_TRUE(line["internal_date"].is_null()) << line;
    const base::Path file = to / line["file"].get<std::string>();
    const auto age = std::filesystem::file_time_type::clock::now() - last_write_time(file);
    EXPECT_LT(age, std::chrono::hours(1)) << format << ": the date of the export";
    if (format != "mbox") continue;
    std::ifstream mbox(file);
    ASSERT_TRUE(std::getline(mbox, text));
    EXPECT_THAT(text, testing::Not(HasSubstr("1970")));
  }
}

INSTANTIATE_TEST_SUITE_P(All, UndatedTest, testing::Values(Kind::kDovecot, Kind::kCyrus),
                         [](const auto& param) { return name_of(param.param); });

}  // namespace
}  // namespace restore
