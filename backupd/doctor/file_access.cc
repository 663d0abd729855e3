#include "backupd/doctor/file_access.h"

#include <cerrno>
#include <vector>

#include <fmt/core.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/terminal.h"

namespace backupd {

std::optional<FileAccess> access_of(const base::Path& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) == 0) {
    return FileAccess{status.st_uid, static_cast<mode_t>(status.st_mode & 07777U)};
  }
  if (errno == ENOENT || errno == ENOTDIR) return std::nullopt;
  base::fail_with_errno(errno, "stat " + shown(path));
}

bool may_read(const base::Path& path) {
  return ::access(path.c_str(), R_OK) == 0;
}

bool may_write(const base::Path& path) {
  return ::access(path.c_str(), W_OK) == 0;
}

std::string octal(mode_t mode) {
  return fmt::format("{:04o}", mode);
}

std::string user_name(uid_t user) {
  std::vector<char> buffer(16'384);
  passwd entry{};
  passwd* found = nullptr;
  const bool is_known = ::getpwuid_r(user, &entry, buffer.data(), buffer.size(), &found) == 0;
  return is_known && found != nullptr ? found->pw_name : std::to_string(user);
}

std::string shown(const base::Path& path) {
  return base::escape_for_terminal(path.string());
}

}  // namespace backupd
