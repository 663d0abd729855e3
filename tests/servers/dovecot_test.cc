#include "tests/servers/dovecot.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <signal.h>

#include "base/error.h"
#include "tests/servers/certificates.h"
#include "tests/servers/ports.h"
#include "tests/servers/process.h"

namespace servers {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr std::size_t kMiB = std::size_t{1024} * 1024;

// "\0alice\0secret" in base64, the format of AUTHENTICATE PLAIN; openssl does the encoding.
std::string plain_response(const std::string& acting_as, const std::string& user,
                           const std::string& password) {
  const std::string clear = acting_as + '\0' + user + '\0' + password;
  std::string encoded = run_program({"openssl", "base64", "-A"}, clear).out;
  return encoded.substr(0, encoded.find('\n'));
}

ImapClient stranger(const Dovecot& server) {
  return {kPlainHost, port_of(server.plain_url())};
}

Delivery message_of(std::size_t size) {
  return {"Subject: filler\r\n\r\n" + std::string(size, 'x') + "\r\n"};
}

std::string status_number(ImapClient& client, const std::string& folder, const std::string& item) {
  const std::string answer = client.command("STATUS " + quote(folder) + " (" + item + ")");
  const std::size_t at = answer.find(item + " ");
  return answer.substr(at, answer.find(')', at) - at);
}

std::uint64_t number_in(const std::string& item) {
  return std::stoull(item.substr(item.find(' ') + 1));
}

// The ids of processes whose command or working directory names it.
std::vector<std::string> processes_that_name(const base::Path& directory) {
  std::vector<std::string> ids;
  for (const auto& process : std::filesystem::directory_iterator("/proc")) {
    std::ifstream file(process.path() / "cmdline");
    const std::string command{std::istreambuf_iterator<char>(file), {}};
    std::error_code ended;
    const auto working = std::filesystem::read_symlink(process.path() / "cwd", ended).string();
    if (command.find(directory.string()) == std::string::npos &&
        working.find(directory.string()) == std::string::npos) {
      continue;
    }
    ids.push_back(process.path().filename().string());
  }
  return ids;
}

TEST(Dovecot, AcceptsItsUsers) {
  const Dovecot server;
  for (const std::string& user : server.options().users) {
    EXPECT_THAT(server.client(user).command("STATUS INBOX (MESSAGES)"), HasSubstr("MESSAGES 0"))
        << server.log();
  }
}

// Dovecot answers failed logins every half second; with its default delay, after two seconds or
// more. A busy machine may delay an answer, too, but not each of them.
TEST(Dovecot, RefusesAWrongPasswordWithoutDelay) {
  const Dovecot server;
  ImapClient client = stranger(server);
  auto shortest = std::chrono::steady_clock::duration::max();
  for (int attempt = 0; attempt < 3; ++attempt) {
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_THAT(client.try_command("LOGIN alice wrong").result, HasSubstr("AUTHENTICATIONFAILED"));
    shortest = std::min(shortest, std::chrono::steady_clock::now() - begin);
  }
  EXPECT_LT(shortest, std::chrono::milliseconds(1'500));
}

TEST(Dovecot, LetsTheAdminLogInOnlyForExistingUsers) {
  const Dovecot server;
  server.client("alice").command("CREATE OnlyAlice");
  const std::string password = Dovecot::password(Dovecot::admin());
  ImapClient client = stranger(server);
  EXPECT_FALSE(
      client.try_command("AUTHENTICATE PLAIN " + plain_response("nobody", "backup", password))
          .is_ok());
  EXPECT_FALSE(client
                   .try_command("AUTHENTICATE PLAIN " +
                                plain_response("bob", "alice", Dovecot::password("alice")))
                   .is_ok());
  client.command("AUTHENTICATE PLAIN " + plain_response("alice", "backup", password));
  EXPECT_THAT(client.command("LIST \"\" *"), HasSubstr("OnlyAlice")) << server.log();
}

TEST(Dovecot, GivesTheAdminItsOwnMailAndOffersCramMd5) {
  const Dovecot server;
  EXPECT_THAT(server.client(Dovecot::admin()).command("CAPABILITY"), HasSubstr("MULTIAPPEND"));
  EXPECT_THAT(stranger(server).command("CAPABILITY"), HasSubstr("AUTH=CRAM-MD5"));
}

TEST(Dovecot, OffersStarttlsOnOnePortOnly) {
  const Dovecot server;
  ImapClient secured(kHost, port_of(server.imap_url()));
  EXPECT_THAT(secured.command("CAPABILITY"), HasSubstr("STARTTLS"));
  EXPECT_THAT(stranger(server).command("CAPABILITY"), Not(HasSubstr("STARTTLS")));
}

TEST(Dovecot, HasACertificateForLocalhostFromItsAuthority) {
  const Dovecot server;
  EXPECT_TRUE(has_valid_certificate(server.imaps_url(), server.ca_file()));
  EXPECT_FALSE(has_valid_certificate(server.imaps_url(), server.stranger_ca_file()));
  EXPECT_FALSE(has_valid_certificate(server.misnamed_url(), server.ca_file()));
}

struct QuotaCase {
  const char* name;
  char separator;
  QuotaExemption exemption;
  bool top_is_exempt;
  bool below_is_exempt;
};

class DovecotQuota : public ::testing::TestWithParam<QuotaCase> {};

TEST_P(DovecotQuota, ExcludesTheConfiguredFolders) {
  const QuotaCase& expected = GetParam();
  DovecotOptions options;
  options.separator = expected.separator;
  options.exemption = expected.exemption;
  const Dovecot server(options);
  ImapClient client = server.client("alice");
  const auto counts = [&](const std::string& folder) {
    client.command("CREATE " + folder);
    const std::uint64_t before = client.storage_usage().value();
    client.append(folder, std::vector<Delivery>{message_of(kMiB)});
    return client.storage_usage().value() - before >= 1024;
  };
  EXPECT_TRUE(counts("Archive"));
  EXPECT_EQ(!expected.top_is_exempt, counts("RESTORED"));
  EXPECT_EQ(!expected.below_is_exempt, counts(std::string("RESTORED") + expected.separator + "x"));
  EXPECT_EQ(!expected.below_is_exempt,
            counts(std::string("RESTORED") + expected.separator + "x" + expected.separator + "y"));
}

INSTANTIATE_TEST_SUITE_P(
    Rules, DovecotQuota,
    ::testing::Values(QuotaCase{"Tree", '/', QuotaExemption::kTree, true, true},
                      QuotaCase{"TreeWithDots", '.', QuotaExemption::kTree, true, true},
                      QuotaCase{"TopOnly", '/', QuotaExemption::kTopOnly, true, false},
                      QuotaCase{"None", '/', QuotaExemption::kNone, false, false}),
    [](const auto& quota) { return std::string(quota.param.name); });

TEST(Dovecot, RefusesMailBeyondTheQuota) {
  DovecotOptions options;
  options.quota_kib = 512;
  const Dovecot server(options);
  ImapClient client = server.client("alice");
  const std::vector<Delivery> message{message_of(kMiB)};
  EXPECT_THROW(client.append("INBOX", message), base::Error);
}

TEST(Dovecot, KeepsItsMailAcrossARestartWithOtherOptions) {
  Dovecot server;
  server.client("alice").append("INBOX", std::vector<Delivery>{message_of(10)});
  DovecotOptions options = server.options();
  options.users.emplace_back("carol");
  server.restart(options);
  EXPECT_THAT(server.client("alice").command("STATUS INBOX (MESSAGES)"), HasSubstr("MESSAGES 1"));
  server.client("carol").command("NOOP");
}

TEST(Dovecot, BreaksConnections) {
  Dovecot server;
  ImapClient client = server.client("alice");
  server.break_connections();
  EXPECT_THROW(client.command("NOOP"), base::Error);
  server.client("alice").command("NOOP");
}

TEST(Dovecot, LosesIndexFilesButNotUids) {
  Dovecot server;
  ImapClient before = server.client("alice");
  before.append("INBOX", std::vector<Delivery>(3, message_of(10)));
  before.command("SELECT INBOX");
  for (int change = 0; change < 5; ++change) {
    before.command(std::string("UID STORE 1:* ") + (change % 2 == 0 ? "+" : "-") +
                   "FLAGS (\\Flagged)");
  }
  const std::string uid_validity = status_number(before, "INBOX", "UIDVALIDITY");
  const std::string modseq = status_number(before, "INBOX", "HIGHESTMODSEQ");
  server.lose_index_files("alice");
  ImapClient after = server.client("alice");
  EXPECT_EQ(uid_validity, status_number(after, "INBOX", "UIDVALIDITY"));
  EXPECT_EQ("UIDNEXT 4", status_number(after, "INBOX", "UIDNEXT"));
  EXPECT_LT(number_in(status_number(after, "INBOX", "HIGHESTMODSEQ")), number_in(modseq));
}

TEST(Dovecot, LosesUids) {
  Dovecot server;
  ImapClient before = server.client("alice");
  before.append("INBOX", std::vector<Delivery>(3, message_of(10)));
  before.command("SELECT INBOX");
  const std::string uid_validity = status_number(before, "INBOX", "UIDVALIDITY");
  server.lose_uids("alice");
  ImapClient after = server.client("alice");
  EXPECT_NE(uid_validity, status_number(after, "INBOX", "UIDVALIDITY"));
  EXPECT_EQ("MESSAGES 3", status_number(after, "INBOX", "MESSAGES"));
}

TEST(Dovecot, LeavesNothingBehind) {
  base::Path directory;
  {
    const Dovecot server;
    ImapClient client = server.client("alice");
    directory = server.directory();
    EXPECT_TRUE(std::filesystem::exists(directory));
    EXPECT_THAT(processes_that_name(directory), Not(IsEmpty()));
  }
  EXPECT_FALSE(std::filesystem::exists(directory));
  EXPECT_THAT(processes_that_name(directory), IsEmpty());
}

TEST(Dovecot, RunsInParallelWithOthers) {
  const Dovecot one;
  const Dovecot other;
  one.client("alice").command("CREATE One");
  EXPECT_THAT(other.client("alice").command("LIST \"\" *"), Not(HasSubstr("One")));
}

TEST(Maildir, DeliversMailThatAppendWouldRefuseInOrderWithFlagsAndDate) {
  const Dovecot server;
  Maildir maildir = server.maildir("alice");
  maildir.deliver(
      "Odd/Box",
      {"", {"\\Seen", "$Forwarded"}, std::chrono::sys_seconds(std::chrono::seconds(951782399))});
  maildir.deliver("Odd/Box", {"second\r\n"});
  ImapClient client = server.client("alice");
  client.command("EXAMINE Odd/Box");
  const std::string answer = client.command("UID FETCH 1 (FLAGS INTERNALDATE BODY.PEEK[])");
  EXPECT_THAT(answer, HasSubstr("$Forwarded"));
  EXPECT_THAT(answer, HasSubstr("28-Feb-2000 23:59:59 +0000"));
  EXPECT_THAT(answer, HasSubstr("BODY[] {0}"));
  EXPECT_THAT(client.command("UID FETCH 2 BODY.PEEK[]"), HasSubstr("{8}\r\nsecond"));
}

}  // namespace
}  // namespace servers
