// Backups of an account with three messages in INBOX (UIDs 1 to 3) on an odd server.
#pragma once

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "store/reader.h"
#include "tests/backupd/pass/odd_server.h"
#include "tests/backupd/pass/pass_runner.h"

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

  OddServer server_;
  PassRunner runner_{"alice"};
};

}  // namespace backupd
