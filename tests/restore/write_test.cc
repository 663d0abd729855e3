// How messages get into a tree: over several connections, with each kind of literal.
#include <algorithm>
#include <atomic>
#include <chrono>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <gmock/gmock.h>

#include "tests/programs/installation.h"
#include "tests/restore/expect_restored.h"
#include "tests/servers/account_filler.h"
#include "tests/servers/account_state.h"
#include "tests/servers/dovecot.h"
#include "tests/servers/mail_generator.h"
#include "tests/servers/relay.h"

namespace restore {
namespace {

using programs::json;
using servers::AccountState;

class WriteTest : public testing::Test {
 protected:
  explicit WriteTest(const std::string& extra = {}) : server_(with_extra(extra)) {
    mailstow_.make_store();
  }

  static servers::DovecotOptions with_extra(const std::string& extra) {
    servers::DovecotOptions options;
    options.extra = extra;
    return options;
  }

  // Folders of different sizes, one after the other or message by message: then their messages
  // alternate in the store.
  void deliver(int messages) {
    auto maildir = server_.maildir("alice");
    servers::MailGenerator mail(31);
    for (int message = 0; message < messages; ++message) {
      maildir.deliver(message % 3 == 0 ? "Thirds" : "Others", mail.delivery());
    }
    maildir.make_folder("Empty");
  }

  json restore_all(int status = 0) {
    before_ = servers::account_state(server_, "alice");
    mailstow_.backupd_json({"once", "--account", "alice"});
    json report = mailstow_.restore_json({"run", "alice", "--all"}, status);
    expect_restored(before_, servers::account_state(server_, "alice"), report);
    return report;
  }

  // In the log, which a process of the server writes when it comes to it.
  std::size_t logged_logins(const std::string& user) const {
    const std::string log = server_.log();
    const std::string login = "Login: user=<" + user + ">";
    std::size_t count = 0;
    for (auto at = log.find(login); at != log.npos; at = log.find(login, at + 1)) ++count;
    return count;
  }

  // All log-ins of alice since the server was created. The process that accepts log-ins reports
  // them in their order: once that of bob is in the log, all earlier ones are.
  std::size_t logins() const {
    const std::size_t of_bob = logged_logins("bob");
    server_.client("bob");
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (logged_logins("bob") == of_bob) {
      if (std::chrono::steady_clock::now() > deadline) throw std::runtime_error("no log-in of bob");
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    return logged_logins("alice");
  }

  // Over one connection.
  void connect_through(const servers::Relay& relay) {
    json& server = mailstow_.config()["servers"]["main"];
    server["url"] = relay.url();
    server["tls"] = "none";
    server["connections"] = 1;
    mailstow_.save();
  }

  servers::Dovecot server_;
  programs::Installation mailstow_{server_};
  AccountState before_;
};

TEST_F(WriteTest, SeveralConnectionsWriteTheSameAsOne) {
  mailstow_.config()["servers"]["main"]["connections"] = 3;
  mailstow_.save();
  deliver(1000);
  before_ = servers::account_state(server_, "alice");
  mailstow_.backupd_json({"once", "--account", "alice"});
  const std::size_t logins_before = logins();
  const json report = mailstow_.restore_json({"run", "alice", "--all"});
  // A fast server may have everything before the third connection is open.
  EXPECT_THAT(logins() - logins_before, testing::AllOf(testing::Ge(2U), testing::Le(3U)));
  expect_restored(before_, servers::account_state(server_, "alice"), report);
}

TEST_F(WriteTest, AFewMessagesAreNotWorthAnotherConnection) {
  deliver(100);
  mailstow_.backupd_json({"once", "--account", "alice"});
  const std::size_t logins_before = logins();
  mailstow_.restore_json({"run", "alice", "--all"});
  EXPECT_EQ(logins() - logins_before, 1U);
}

TEST_F(WriteTest, ContinuesAfterALostConnectionWithoutDuplicates) {
  deliver(700);
  before_ = servers::account_state(server_, "alice");
  mailstow_.backupd_json({"once", "--account", "alice"});
  // The first is the probe's; two more are lost, with batches that the server has accepted.
  std::atomic<int> answers = 0;
  const servers::Relay relay(
      server_, {.watch = [&](servers::From from, std::string_view bytes) {
        if (from == servers::From::kClient || bytes.find("APPENDUID") == bytes.npos) return true;
        const int answer = ++answers;
        return answer != 2 && answer != 4;
      }});
  connect_through(relay);
  const json report = mailstow_.restore_json({"run", "alice", "--all"});
  EXPECT_EQ(relay.connections(), 3U);
  expect_restored(before_, servers::account_state(server_, "alice"), report);
}

TEST_F(WriteTest, WritesOverOneConnectionIfTheServerRefusesAnother) {
  deliver(1000);
  before_ = servers::account_state(server_, "alice");
  mailstow_.backupd_json({"once", "--account", "alice"});
  // Only during the restore: a session counts for a moment after its end, unless the server stops.
  server_.restart(with_extra("protocol imap {\n  mail_max_userip_connections = 1\n}\n"));
  const std::size_t logins_before = logged_logins("alice");
  const auto result = mailstow_.restore({"run", "alice", "--all", "--json"});
  ASSERT_EQ(result.status, 0) << result.err;
  EXPECT_THAT(result.err, testing::HasSubstr("no further connection"))
      << "the server refused no connection";
  EXPECT_EQ(logins() - logins_before, 1U);
  server_.restart(with_extra(""));
  expect_restored(before_, servers::account_state(server_, "alice"), json::parse(result.out));
}

// Without UIDPLUS the server does not report the UIDs of appended messages.
class NoUidPlusTest : public WriteTest {
 protected:
  NoUidPlusTest() : WriteTest("imap_capability = IMAP4rev1 SASL-IR NAMESPACE LITERAL+\n") {}
};

TEST_F(NoUidPlusTest, RecognizesAlteredMessagesWithoutUidplus) {
  mailstow_.config()["servers"]["main"]["quota"] = "none";
  mailstow_.save();
  auto maildir = server_.maildir("alice");
  servers::MailGenerator mail(8);
  for (const std::string& bytes : {mail.plain(), mail.with_cr_cr_lf(), mail.plain()}) {
    maildir.deliver("Odd", {bytes});
  }
  const json report = restore_all();
  const json folder = programs::find_by(report["folders"], "source", "Odd");
  EXPECT_EQ(folder["skipped"], json::array());
  ASSERT_EQ(folder["altered"].size(), 1U) << folder;
  EXPECT_EQ(folder["altered"][0]["uid"], 2);
}

class AppendLimitTest : public WriteTest {
 protected:
  AppendLimitTest() : WriteTest("imap_capability = +APPENDLIMIT=40000\n") {}
};

TEST_F(AppendLimitTest, SkipsMessagesAboveTheAppendLimit) {
  auto maildir = server_.maildir("alice");
  servers::MailGenerator mail(8);
  for (const std::size_t size : {1'000U, 60'000U, 2'000U}) {
    maildir.deliver("Sizes", {mail.text(size)});
  }
  const json report = restore_all(3);
  const json folder = programs::find_by(report["folders"], "source", "Sizes");
  EXPECT_EQ(folder["messages"], 3);
  EXPECT_EQ(folder["restored"], 2);
  ASSERT_EQ(folder["skipped"].size(), 1U);
  EXPECT_EQ(folder["skipped"][0]["uid"], 2);
  EXPECT_THAT(folder["skipped"][0]["reason"].get<std::string>(), testing::HasSubstr("APPENDLIMIT"));
}

constexpr const char* kRest =
    "IMAP4rev1 SASL-IR UIDPLUS NAMESPACE QUOTA CHILDREN UNSELECT ESEARCH LIST-EXTENDED";

std::string announcing(std::string_view capabilities) {
  std::string line = "imap_capability = ";
  line += kRest;
  line += ' ';
  line += capabilities;
  line += '\n';
  return line;
}

// The messages that a client appended to folders of a tree.
struct Appended {
  std::size_t commands = 0;
  std::vector<std::size_t> waiting = {};      // sizes of literals {n}
  std::vector<std::size_t> not_waiting = {};  // of literals {n+}
};

// `sent`: everything that a client sent over one connection.
Appended appended_in(std::string_view sent) {
  Appended appended;
  const auto take_line = [&sent] {
    const std::string_view line = sent.substr(0, sent.find("\r\n"));
    sent.remove_prefix(std::min(sent.size(), line.size() + 2));
    return line;
  };
  while (!sent.empty()) {
    std::string_view line = take_line();
    const bool is_append =
        line.find(" APPEND \"RESTORED/") != line.npos && line.find("mailstow-probe") == line.npos;
    if (is_append) ++appended.commands;
    while (line.ends_with('}') && line.find('{') != line.npos) {
      const std::string announced(line.substr(line.rfind('{') + 1));
      const std::size_t size = std::stoul(announced);
      const bool waits = announced.find('+') == announced.npos;
      if (is_append) (waits ? appended.waiting : appended.not_waiting).push_back(size);
      sent.remove_prefix(std::min(sent.size(), size));
      line = take_line();
    }
  }
  return appended;
}

class LiteralTest : public WriteTest, public testing::WithParamInterface<const char*> {
 protected:
  LiteralTest() : WriteTest(announcing(GetParam())) {}

  static bool has(std::string_view capability) {
    return std::string_view(GetParam()).find(capability) != std::string_view::npos;
  }

  // Restores everything over one connection.
  Appended restore_through_relay() {
    before_ = servers::account_state(server_, "alice");
    mailstow_.backupd_json({"once", "--account", "alice"});
    std::mutex mutex;
    std::string sent;
    const servers::Relay relay(server_, {.watch = [&](servers::From from, std::string_view bytes) {
                                 const std::lock_guard lock(mutex);
                                 if (from == servers::From::kClient) sent += bytes;
                                 return true;
                               }});
    connect_through(relay);
    const json report = mailstow_.restore_json({"run", "alice", "--all"});
    EXPECT_EQ(relay.connections(), 1U);
    expect_restored(before_, servers::account_state(server_, "alice"), report);
    const std::lock_guard lock(mutex);
    return appended_in(sent);
  }
};

TEST_P(LiteralTest, MessagesAreSentInTheAnnouncedKindOfLiteral) {
  constexpr std::size_t kMaxLiteralMinus = 4096;
  deliver(120);
  // Without flags: only the first message of a folder, or with a new flag, waits in any case.
  servers::MailGenerator mail(8);
  auto maildir = server_.maildir("alice");
  for (int message = 0; message < 5; ++message) maildir.deliver("Others", {mail.text(10'000)});
  const Appended appended = restore_through_relay();
  const std::size_t messages = appended.waiting.size() + appended.not_waiting.size();
  EXPECT_EQ(messages, before_.message_count());
  if (has("MULTIAPPEND")) {
    EXPECT_LT(appended.commands, messages / 10);
  } else {
    EXPECT_EQ(appended.commands, messages);
  }
  const auto is_long = testing::Gt(kMaxLiteralMinus);
  if (has("LITERAL+")) {
    EXPECT_THAT(appended.not_waiting, testing::Contains(is_long));
  } else if (has("LITERAL-")) {
    EXPECT_THAT(appended.not_waiting, testing::AllOf(testing::Not(testing::IsEmpty()),
                                                     testing::Each(testing::Not(is_long))));
    EXPECT_THAT(appended.waiting, testing::Contains(is_long));
  } else {
    EXPECT_THAT(appended.not_waiting, testing::IsEmpty());
  }
}

INSTANTIATE_TEST_SUITE_P(Kinds, LiteralTest,
                         testing::Values("LITERAL+ MULTIAPPEND", "LITERAL- MULTIAPPEND",
                                         "MULTIAPPEND", "LITERAL+", "LITERAL-", ""),
                         [](const auto& kind) {
                           std::string name = kind.param;
                           std::replace(name.begin(), name.end(), '+', 'p');
                           std::replace(name.begin(), name.end(), '-', 'm');
                           std::replace(name.begin(), name.end(), ' ', '_');
                           return name.empty() ? std::string("None") : name;
                         });

}  // namespace
}  // namespace restore
