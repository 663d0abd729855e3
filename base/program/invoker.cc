#include "base/program/invoker.h"

#include <cerrno>
#include <cstdlib>
#include <optional>
#include <vector>

#include <fmt/core.h>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"

namespace base {

namespace {

struct UserEntry {
  std::string name;
  std::string home;
};

// Returns nullopt if the user database does not know the number.
std::optional<UserEntry> find_user(uid_t uid) {
  std::vector<char> buffer(16'384);
  passwd entry{};
  passwd* found = nullptr;
  if (::getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr) {
    return std::nullopt;
  }
  return UserEntry{entry.pw_name, entry.pw_dir};
}

// The status of the path, or of its nearest existing parent directory.
struct stat status_of_nearest(Path path) {
  struct stat status {};
  while (::stat(path.c_str(), &status) != 0) {
    if (errno != ENOENT || path == path.parent_path()) {
      fail_with_errno(errno, fmt::format("get the owner of {}", path.string()));
    }
    path = path.parent_path();
  }
  return status;
}

}  // namespace

Invoker invoker() {
  const uid_t uid = ::getuid();
  const std::optional<UserEntry> user = find_user(uid);
  Invoker result{.user = user ? user->name : std::to_string(uid), .sudo_user = {}};
  // Any user can set the variable; it is trusted only for root.
  const char* sudo_user = uid == 0 ? std::getenv("SUDO_USER") : nullptr;
  if (sudo_user != nullptr) result.sudo_user = sudo_user;
  return result;
}

void become_owner_of(const Path& directory) {
  if (::geteuid() != 0) return;
  const struct stat status = status_of_nearest(directory);
  if (status.st_uid == 0) return;
  const std::optional<UserEntry> user = find_user(status.st_uid);
  const bool has_groups =
      user ? ::initgroups(user->name.c_str(), status.st_gid) == 0 : ::setgroups(0, nullptr) == 0;
  if (!has_groups || ::setgid(status.st_gid) != 0 || ::setuid(status.st_uid) != 0) {
    fail_with_errno(errno, fmt::format("become the owner of {}", directory.string()));
  }
  if (user) ::setenv("HOME", user->home.c_str(), 1);
}

}  // namespace base
