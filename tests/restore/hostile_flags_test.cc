// Mail with flags that no IMAP command can carry, as hostile and careless servers send them: every
// message is restored, and neither a flag nor the text of a message is executed as a command.
#include <algorithm>
#include <filesystem>
#include <set>

#include <gmock/gmock.h>

#include "imap/flag.h"
#include "tests/programs/recorded_mail.h"
#include "tests/restore/kinds.h"
#include "tests/servers/account_state.h"
#include "tests/text_of.h"

namespace restore {
namespace {

using programs::json;
using testing::HasSubstr;

// Text that a server would execute as commands if it does not read it as a message.
constexpr const char* kMessage =
    "Subject: a command\r\n\r\nz9 CREATE FROM_MAIL_TEXT\r\nz10 DELETE Important\r\n";

std::vector<std::string> hostile_flags() {
  std::vector<std::string> flags = {
      "Caf\xC3\xA9",
      "clo)se",
      "op(en",
      "{3}",
      "{3+}\r\nabc",
      "\\*",
      "\\",
      "two words",
      "qu\"ote",
      "back\\slash",
      "100%",
      "x]",
      "x) \"01-Jan-2020 00:00:00 +0000\" {0+}\r\n\r\nz1 CREATE INJECTED\r\nz2 NOOP (",
      "x\r\nz1 CREATE INJECTED",
      "x\nz1 CREATE INJECTED\n",
      std::string(300, 'k')};
  for (int byte = 0; byte < 256; ++byte) {
    // The number distinguishes them: to a server bAe and bae are one keyword.
    flags.push_back("b" + std::string(1, static_cast<char>(byte)) + std::to_string(byte));
  }
  return flags;
}

class HostileFlagsTest : public testing::TestWithParam<Kind> {
 protected:
  HostileFlagsTest() : server_(make_server(GetParam())), mailstow_(*server_) {
    let_set_quotas(mailstow_, *server_);
    mailstow_.make_store();
  }

  // A backup of alice's INBOX with one message for each flag.
  void record(const std::vector<std::string>& flags) {
    std::vector<programs::RecordedMessage> messages;
    for (const std::string& flag : flags) {
      const auto uid = static_cast<std::uint32_t>(messages.size() + 1);
      std::vector<std::string> both = {"\\Seen", flag};
      std::sort(both.begin(), both.end());
      messages.push_back(
          {uid, kMessage + std::to_string(uid) + "\r\n", base::ZonedTime{kDate, 0}, both});
    }
    record_inbox(mailstow_, kDate, messages);
  }

  static constexpr std::chrono::sys_seconds kDate{std::chrono::seconds{1'577'836'800}};

  std::unique_ptr<servers::Server> server_;
  programs::Installation mailstow_;
};

TEST_P(HostileFlagsTest, NeitherFlagNorMailIsCarriedOut) {
  auto bob = server_->client("bob");
  bob.command("CREATE Important");
  const std::vector<std::string> flags = hostile_flags();
  record(flags);
  const json report = mailstow_.restore_json({"run", "alice", "--all", "--to", "bob"});

  ASSERT_EQ(report["folders"].size(), 1U);
  const json& folder = report["folders"][0];
  EXPECT_EQ(folder["messages"], flags.size());
  EXPECT_EQ(folder["restored"], flags.size()) << report.value("error", "");
  EXPECT_EQ(folder["skipped"], json::array());
  std::set<std::uint32_t> listed;
  for (const json& altered : folder["altered"]) {
    EXPECT_THAT(altered["how"].get<std::string>(), HasSubstr("without the flags"));
    listed.insert(altered["uid"].get<std::uint32_t>());
  }
  for (std::size_t at = 0; at < flags.size(); ++at) {
    if (imap::can_be_sent(flags[at])) continue;
    EXPECT_TRUE(listed.contains(static_cast<std::uint32_t>(at + 1))) << "flag " << at;
  }
  std::vector<std::string> names;
  for (const auto& [name, state] : servers::account_state(*server_, "bob").folders) {
    names.push_back(name);
  }
  EXPECT_THAT(names, testing::Contains("Important"));
  EXPECT_THAT(names, testing::Not(testing::Contains(HasSubstr("INJECTED"))));
  EXPECT_THAT(names, testing::Not(testing::Contains(HasSubstr("FROM_MAIL"))));
}

// `export` writes flags into header lines and into Maildir's list of keywords.
TEST_P(HostileFlagsTest, ExportsForgeNoLines) {
  record({"x\nSubject: forged", "x\n\nFrom forged@example.org Thu Jan  1 00:00:00 1970\n", "fine"});
  for (const std::string format : {"mbox", "maildir"}) {
    const base::Path to = mailstow_.directory() / format;
    mailstow_.restore_json({"export", "alice", "--format", format, "--to", to.string()});
    for (const auto& file : std::filesystem::recursive_directory_iterator(to)) {
      if (!file.is_regular_file() || file.path().extension() == ".jsonl") continue;
      const std::string text = tests::text_of(file.path());
      EXPECT_FALSE(text.empty()) << file.path();
      EXPECT_THAT(text, testing::Not(HasSubstr("forged"))) << file.path();
    }
  }
}

INSTANTIATE_TEST_SUITE_P(All, HostileFlagsTest, testing::Values(Kind::kDovecot, Kind::kCyrus),
                         [](const auto& param) { return name_of(param.param); });

}  // namespace
}  // namespace restore
