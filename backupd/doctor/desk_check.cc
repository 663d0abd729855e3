#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/core.h>
#include <pwd.h>
#include <unistd.h>

#include "backupd/doctor/checks.h"
#include "backupd/doctor/file_access.h"
#include "backupd/doctor/systemd_unit.h"
#include "base/glob.h"
#include "base/terminal.h"

namespace backupd {

namespace {

constexpr const char* kDesk = "restore desk";

// One of the desk's sockets.
struct DeskDoor {
  const char* path_key;
  const char* user_key;
  const char* unit;
  const base::DeskSocketConfig& socket;
  bool has_unit = false;

  bool exists() const { return has_unit || !socket.path.empty(); }
};

std::array<DeskDoor, 3> doors_of(const base::WebConfig& web) {
  std::array<DeskDoor, 3> doors = {
      DeskDoor{"web.self.socket", "web.self.socket_user", "mailstow-desk.socket", web.self.socket},
      DeskDoor{"web.self.proxy_socket", "web.self.proxy_socket_user", "mailstow-desk-proxy.socket",
               web.self.proxy_socket},
      DeskDoor{"web.staff.socket", "web.staff.socket_user", "mailstow-desk-staff.socket",
               web.staff.socket}};
  for (DeskDoor& door : doors) door.has_unit = is_unit_enabled(door.unit);
  return doors;
}

std::optional<uid_t> uid_of(const std::string& user) {
  std::vector<char> buffer(16'384);
  passwd entry{};
  passwd* found = nullptr;
  if (::getpwnam_r(user.c_str(), &entry, buffer.data(), buffer.size(), &found) != 0) return {};
  return found == nullptr ? std::nullopt : std::optional(found->pw_uid);
}

void check_user(const DeskDoor& door, std::vector<Finding>& findings) {
  const std::string& user = door.socket.user;
  const std::string name = base::escape_for_terminal(user);
  if (user.empty()) {
    findings.push_back(
        warning(kDesk, door.user_key,
                "not set: only programs of this user, which can read the store's key, may connect",
                "run the web server as a user of its own, and name it there"));
    return;
  }
  const auto uid = uid_of(user);
  if (!uid) {
    findings.push_back(failure(kDesk, door.user_key, fmt::format("there is no user {}", name),
                               fmt::format("adduser --system --group --no-create-home {}", name)));
  } else if (*uid == ::geteuid()) {
    findings.push_back(warning(kDesk, door.user_key,
                               fmt::format("{} is this user, who can read the store's key", name),
                               "run the web server as a user of its own"));
  } else {
    findings.push_back(passed(kDesk, door.user_key, fmt::format("{} exists", name)));
  }
}

void check_directory(const DeskDoor& door, std::vector<Finding>& findings) {
  if (door.socket.path.empty()) return;
  const base::Path directory = door.socket.path.parent_path();
  if (may_write(directory)) return;
  findings.push_back(
      failure(kDesk, door.path_key,
              fmt::format("{} does not exist, or this user can't write to it", shown(directory)),
              fmt::format("create it, or use {} in its place", door.unit)));
}

// The person that a web server names is believed at these doors: one that the Internet reaches
// could name any.
void check_separation(const DeskDoor& self, const DeskDoor& door, std::vector<Finding>& findings) {
  if (!self.exists() || !door.exists() || self.socket.user != door.socket.user) return;
  findings.push_back(warning(
      kDesk, door.user_key,
      fmt::format("the same user as {}: a web server that was taken over could log in as anyone",
                  self.user_key),
      "run the two web servers as different users"));
}

void check_globs(const char* key, const std::vector<std::string>& globs, const base::Config& config,
                 std::vector<Finding>& findings) {
  for (const std::string& glob : globs) {
    const bool matches = std::ranges::any_of(config.accounts, [&](const auto& account) {
      return base::glob_matches(glob, account.name);
    });
    if (matches) continue;
    findings.push_back(
        warning(kDesk, key, fmt::format("{} matches no account", base::escape_for_terminal(glob)),
                "correct it or remove it: case matters, and accounts are those of `status`"));
  }
}

void check_needed(bool is_needed, bool exists, const char* who, const char* unit,
                  std::vector<Finding>& findings) {
  if (!is_needed || exists) return;
  findings.push_back(warning(kDesk, unit, fmt::format("not enabled: {} can't log in", who),
                             fmt::format("systemctl enable {0} && systemctl restart {0}", unit)));
}

// At the proxy's door, a name that fits two accounts opens neither.
void check_names(const base::Config& config, std::vector<Finding>& findings) {
  std::map<std::string_view, std::string_view> accounts;
  for (const auto& account : config.accounts) accounts[account.name] = account.name;
  for (const auto& account : config.accounts) {
    if (account.user == account.name) continue;
    const auto [other, is_new] = accounts.emplace(account.user, account.name);
    if (is_new) continue;
    findings.push_back(
        warning(kDesk, "web.self.proxy_socket",
                fmt::format("the user name of {} also fits {}: it opens neither",
                            base::escape_for_terminal(account.name),
                            base::escape_for_terminal(std::string(other->second))),
                "rename one of the accounts, or have the proxy report account names"));
  }
}

}  // namespace

std::vector<Finding> check_desk(const base::Config& config) {
  const base::WebConfig& web = config.web;
  const bool has_owners = !web.self.accounts.empty();
  const bool has_staff = !web.staff.people.empty();
  const auto doors = doors_of(web);
  const auto& [self, proxy, staff] = doors;
  std::vector<Finding> findings;
  if (!has_owners && !has_staff) {
    if (std::ranges::any_of(doors, &DeskDoor::has_unit)) {
      findings.push_back(
          warning(kDesk, "", "a socket is enabled, but the desk is closed: it does not start",
                  "name accounts in web.self.accounts, or people in web.staff.people"));
    }
    return findings;
  }
  check_globs("web.self.accounts", web.self.accounts, config, findings);
  for (const base::StaffPerson& person : web.staff.people) {
    check_globs("web.staff.people", person.accounts, config, findings);
  }
  check_needed(has_owners, self.exists() || proxy.exists(), "users", self.unit, findings);
  check_needed(has_staff, staff.exists(), "staff", staff.unit, findings);
  for (const DeskDoor& door : doors) {
    if (!door.exists()) continue;
    check_user(door, findings);
    check_directory(door, findings);
  }
  check_separation(self, proxy, findings);
  check_separation(self, staff, findings);
  if (proxy.exists()) check_names(config, findings);
  return findings;
}

}  // namespace backupd
