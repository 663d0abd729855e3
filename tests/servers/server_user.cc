#include "tests/servers/server_user.h"

#include <cerrno>
#include <filesystem>

#include <grp.h>
#include <pwd.h>
#include <unistd.h>

#include "base/error.h"

namespace servers {

ServerUser server_user() {
  const bool is_root = ::geteuid() == 0;
  const passwd* entry = is_root ? ::getpwnam("nobody") : ::getpwuid(::geteuid());
  if (entry == nullptr) {
    base::fail(base::ErrorCode::kInternal,
               "start a server: user {} has no entry in /etc/passwd: add one", ::geteuid());
  }
  ServerUser user{entry->pw_name, {}, {entry->pw_uid, is_root ? entry->pw_gid : ::getegid()}};
  const group* group_entry = ::getgrgid(user.account.gid);
  if (group_entry == nullptr) {
    base::fail(base::ErrorCode::kInternal,
               "start a server: group {} has no entry in /etc/group: add one", user.account.gid);
  }
  user.group = group_entry->gr_name;
  return user;
}

void give_to(const ServerUser& user, const base::Path& path) {
  if (::geteuid() != 0) return;
  const auto give = [&](const base::Path& one) {
    if (::lchown(one.c_str(), user.account.uid, user.account.gid) != 0) {
      base::fail_with_errno(errno, "change the owner of " + one.string());
    }
  };
  give(path);
  if (!std::filesystem::is_directory(path)) return;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(path)) {
    give(entry.path());
  }
}

}  // namespace servers
