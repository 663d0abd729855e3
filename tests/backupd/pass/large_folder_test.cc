// The first backup of a large folder, to which a message is delivered meanwhile, over a line that
// breaks twice: nothing is fetched twice. 300,000 messages with MAILSTOW_TEST_LONG: more than the
// store keeps in memory before it publishes (store/write_session.cc); 3,000 otherwise.
#include <algorithm>
#include <atomic>
#include <string>
#include <vector>

#include <fmt/core.h>
#include <gmock/gmock.h>

#include "tests/long_run.h"
#include "tests/programs/installation.h"
#include "tests/programs/receipts.h"
#include "tests/servers/account_state.h"
#include "tests/servers/dovecot.h"
#include "tests/servers/relay.h"

namespace backupd {
namespace {

using programs::json;

// One file for each message would test the server's file system.
servers::DovecotOptions in_few_large_files() {
  servers::DovecotOptions options;
  options.extra = "mail_location = mdbox:~/mdbox\n";
  return options;
}

class LargeFolderTest : public testing::Test {
 protected:
  LargeFolderTest() {
    mailstow_.config()["accounts"] = {{{"name", "alice"}, {"server", "main"}}};
    mailstow_.save();
    mailstow_.make_store();
  }

  static unsigned count() { return tests::is_long_run() ? 300'000 : 3'000; }

  void append(unsigned messages) {
    constexpr unsigned kAtOnce = 5'000;
    servers::ImapClient alice = server_.client("alice");
    for (unsigned left = messages; left > 0;) {
      std::vector<servers::Delivery> letters;
      while (letters.size() < std::min(left, kAtOnce)) letters.push_back({letter(++number_)});
      alice.append("INBOX", letters);
      left -= static_cast<unsigned>(letters.size());
    }
  }

  std::string letter(unsigned number) {
    std::string text = fmt::format(
        "From: Person {0} <person{0}@example.org>\r\nSubject: letter {1}\r\n"
        "Message-ID: <{1}@example.org>\r\n\r\n",
        number % 1'000, number);
    // The list of messages is short beside them.
    for (int i = 0; i < 30; ++i)
      text += fmt::format("This is line {} of letter {}.\r\n", i, number);
    bytes_ += text.size();
    return text;
  }

  servers::Dovecot server_{in_few_large_files()};
  programs::Installation mailstow_{server_};
  // One message is appended on a thread of the relay.
  std::atomic<unsigned> number_ = 0;
  std::atomic<std::uint64_t> bytes_ = 0;  // of all messages
};

TEST_F(LargeFolderTest, IsFetchedOnceThoughMailArrivesAndConnectionsAreLost) {
  append(count());
  const std::uint64_t third = bytes_ / 3;
  std::atomic<std::uint64_t> received = 0;
  std::atomic<bool> has_arrived = false;
  const servers::Relay relay(server_,
                             {.cut = [&](unsigned connection) -> std::optional<std::uint64_t> {
                                if (connection < 2) return third;
                                return std::nullopt;
                              },
                              .watch =
                                  [&](servers::From from, std::string_view bytes) {
                                    if (from == servers::From::kServer) received += bytes.size();
                                    if (received > third / 2 && !has_arrived.exchange(true))
                                      append(1);
                                    return true;
                                  }});
  json& main = mailstow_.config()["servers"]["main"];
  main["url"] = relay.url();
  main["tls"] = "none";
  main["connections_per_account"] = 1;
  mailstow_.save();

  const json account = mailstow_.backupd_json({"once"})["accounts"][0];
  EXPECT_TRUE(has_arrived);
  EXPECT_GE(relay.connections(), 3U);
  EXPECT_EQ(account["status"], "complete") << account.dump(2);
  EXPECT_EQ(account["messages"], count() + 1);
  EXPECT_GE(account["fetched_bytes"].get<std::uint64_t>(), bytes_.load());
  EXPECT_LE(account["fetched_bytes"].get<double>(), 1.02 * static_cast<double>(bytes_.load()));
  if (!tests::is_long_run()) {
    programs::expect_receipts(account, servers::account_state(server_, "alice"));
  }
}

}  // namespace
}  // namespace backupd
