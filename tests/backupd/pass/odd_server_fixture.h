// Backups of an account with three messages in INBOX (UIDs 1 to 3) on an odd server.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "store/reader.h"
#include "tests/backupd/pass/odd_server.h"
#include "tests/backupd/pass/pass_runner.h"
#include "tests/backupd/pass/stored_mail.h"

namespace backupd {

class OddServerFixture : public testing::Test {
 protected:
  OddServerFixture() {
    for (std::uint32_t uid = 1; uid <= 3; ++uid) {
      server_.folder("INBOX").message(uid, "Subject: " + std::to_string(uid) + "\r\n\r\n");
    }
  }

  AccountReport run() { return runner_.run_over(server_.connect()); }

  // The raw names of the newest snapshot's folders.
  std::vector<std::string> names() {
    std::vector<std::string> names;
    store::Reader reader = store::Reader::open(runner_.location(), base::real_file_system());
    for (const auto& folder : reader.folders(runner_.snapshot())) {
      names.push_back(folder.info.raw_name);
    }
    return names;
  }

  // How often the connection sent commands that begin like this.
  int times_over(int connection, std::string_view command) const {
    int times = 0;
    for (std::size_t at = 0; at < server_.heard().size(); ++at) {
      const bool is_one = server_.heard()[at].starts_with(command);
      times += is_one && server_.speakers()[at] == connection ? 1 : 0;
    }
    return times;
  }

  // Expects exactly the server's messages in each of the folders. `report`: see read_back().
  void expect_stored(const std::vector<std::string>& folders,
                     const AccountReport* report = nullptr) {
    const StoredMail mail = read_back(runner_.location(), "alice", report);
    EXPECT_EQ(mail.troubles, "");
    for (const std::string& folder : folders) {
      const OddFolder* const on_server = server_.find(folder);
      ASSERT_NE(on_server, nullptr) << folder;
      std::map<std::uint32_t, std::string> expected;
      for (const OddMessage& message : on_server->messages) {
        expected.emplace(message.uid, message.body);
      }
      const auto stored = mail.folders.find(folder);
      const auto none = std::map<std::uint32_t, std::string>();
      EXPECT_EQ(stored == mail.folders.end() ? none : stored->second, expected) << folder;
    }
  }

  OddServer server_;
  PassRunner runner_{"alice"};
};

}  // namespace backupd
