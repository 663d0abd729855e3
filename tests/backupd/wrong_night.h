// Accounts on a real server, backed up on nights with a clock that the tests set.
#pragma once

#include <sstream>
#include <string>
#include <vector>

#include <gmock/gmock.h>

#include "tests/programs/installation.h"
#include "tests/programs/owned_clock.h"
#include "tests/servers/dovecot.h"
#include "tests/servers/mail_generator.h"

namespace backupd {

// An account of four messages, backed up once with a right clock.
class WrongNightTest : public testing::Test {
 protected:
  WrongNightTest() {
    // The certificate of a test is not valid at that time.
    auto& main = mailstow_.config()["servers"]["main"];
    main["url"] = server_.plain_url();
    main["tls"] = "none";
    mailstow_.config()["accounts"] = {{{"name", "alice"}, {"server", "main"}}};
    mailstow_.config()["guards"] = {{"vanished_messages", 20}, {"stale_after", "3d"}};
    mailstow_.config()["retention"] = {{"keep_within", "0s"}, {"last", 1},    {"daily", 0},
                                       {"weekly", 0},         {"monthly", 0}, {"grace", "0s"}};
    mailstow_.save();
    mailstow_.make_store();
    deliver(4);
    mailstow_.backupd_json({"once"});
  }

  void deliver(unsigned count) {
    std::vector<servers::Delivery> news;
    for (unsigned i = 0; i < count; ++i) news.push_back({mail_.text(300)});
    server_.client("alice").append("INBOX", news);
  }

  void back_up_ahead() {
    const auto right = clock_.now();
    clock_.set(right + std::chrono::days(365));
    const programs::json report = mailstow_.backupd_json({"once"}, 3);
    EXPECT_THAT(report["troubles"][0].get<std::string>(),
                testing::HasSubstr("the system's clock shows"));
    clock_.set(right + std::chrono::hours(1));
  }

  programs::json once(int status = 0) { return mailstow_.backupd_json({"once"}, status); }
  programs::json state() { return mailstow_.backupd_json({"status"})["accounts"][0]; }

  std::uint64_t newest_messages() {
    std::uint64_t messages = 0;
    const programs::json folders = mailstow_.restore_json({"folders", "alice"})["folders"];
    for (const programs::json& folder : folders) {
      messages += folder["messages"].get<std::uint64_t>();
    }
    return messages;
  }

  // Which snapshots of alice a wrong clock dated, as `snapshots` marks them.
  std::vector<bool> doubts() {
    std::vector<bool> marks;
    const programs::json snapshots = mailstow_.restore_json({"snapshots", "alice"})["snapshots"];
    for (const programs::json& snapshot : snapshots) marks.push_back(snapshot["doubted"]);
    return marks;
  }

  // The lines of doctor about the clock.
  std::string clock_findings() {
    const std::string text = mailstow_.backupd({"doctor"}).out;
    std::string found;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
      if (line.find(" clock: ") != std::string::npos) found += line + "\n";
    }
    return found;
  }

  programs::OwnedClock clock_{"2027-03-26T12:00:00Z"};
  servers::Dovecot server_;
  programs::Installation mailstow_{server_};
  servers::MailGenerator mail_{5};
};

}  // namespace backupd
