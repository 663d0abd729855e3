#include "restore/quota_root.h"

#include "base/error.h"
#include "imap/account_login.h"

namespace restore {

std::string administrators_name(const std::string& prefix, char delimiter, const std::string& user,
                                const std::string& folder) {
  const auto at = user.find('@');
  std::string name = prefix + user.substr(0, at) + delimiter + folder;
  if (at != std::string::npos) name += user.substr(at);
  return name;
}

std::string make_quota_root(const base::ServerConfig& server, const base::AccountConfig& account,
                            const imap::Namespace& personal, const std::string& raw_name) {
  try {
    imap::Session session = imap::open_quota_admin(server);
    const imap::Namespaces namespaces = session.namespaces();
    if (namespaces.other_users.empty()) return "the administrator can't see other users' folders";
    const imap::Namespace& others = namespaces.other_users.front();
    std::string folder = raw_name;
    if (folder.starts_with(personal.prefix)) folder.erase(0, personal.prefix.size());
    const std::string name =
        administrators_name(others.prefix, others.delimiter.value_or('/'), account.user, folder);
    session.set_quota(name, {});
    session.logout();
    return "";
  } catch (const base::Error& error) {
    return error.what();
  }
}

}  // namespace restore
