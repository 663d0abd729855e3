// First backups of many small folders on an odd server.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/core.h>
#include <gmock/gmock.h>

#include "tests/backupd/pass/odd_server_fixture.h"

namespace backupd {

inline constexpr int kSmallFolders = 99;

inline std::string name_of(int folder) {
  return fmt::format("f{:02}", folder);
}

class FoldersAheadFixture : public OddServerFixture {
 protected:
  FoldersAheadFixture() {
    server_.capabilities = "STATUS=SIZE";
    for (int i = 0; i < kSmallFolders; ++i) {
      OddFolder& folder = server_.folder(name(i));
      for (int message = 0; message <= i % 3; ++message) {
        folder.message(static_cast<std::uint32_t>(2 * message + 1),
                       fmt::format("Subject: {} in {}\r\n\r\n", message, i));
      }
    }
  }

  // From now on the folders differ in nothing that EXAMINE and STATUS show.
  void make_alike() {
    const auto fill = [&](const std::string& raw_name, std::string_view text) {
      server_.folder(raw_name).messages.clear();
      for (std::uint32_t uid = 1; uid <= 3; ++uid) {
        server_.folder(raw_name).message(uid, fmt::format("Subject: {} {}\r\n\r\n", uid, text));
      }
    };
    fill("INBOX", "INB");
    for (int i = 0; i < kSmallFolders; ++i) fill(name(i), name(i));
  }

  static std::string name(int folder) { return name_of(folder); }

  int times(const std::string& command) const {
    return static_cast<int>(std::ranges::count(server_.heard(), command));
  }
  int times_opened(const std::string& folder) const { return times("EXAMINE \"" + folder + '"'); }

  // Whether a command of this number, or a later one, requested all messages with their bodies.
  bool has_requested_ahead(std::size_t first) const {
    for (std::size_t at = first; at < server_.heard().size(); ++at) {
      const std::string& command = server_.heard()[at];
      if (command.starts_with("UID FETCH 1:*") && command.ends_with("BODY.PEEK[])")) return true;
    }
    return false;
  }

  // Loses the connection over each command of this name, with all answers that are under way.
  void break_over(const std::string& what, int most = 1'000) {
    server_.loses_answers = true;
    server_.before = [what, left = most](const std::string& command) mutable {
      return command == what && left-- > 0 ? std::string(kHangUp) : std::string();
    };
  }

  // Expects exactly the server's messages in each folder, except those named.
  void expect_all_but(const std::vector<std::string>& missing = {}) {
    std::vector<std::string> folders;
    for (int i = 0; i < kSmallFolders; ++i) {
      if (std::ranges::count(missing, name(i)) == 0) folders.push_back(name(i));
    }
    expect_stored(folders);
  }
};

}  // namespace backupd
