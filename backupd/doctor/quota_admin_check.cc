#include <fmt/core.h>

#include "backupd/doctor/checks.h"
#include "base/error.h"
#include "base/terminal.h"
#include "imap/account_login.h"

namespace backupd {

namespace {

constexpr const char* kQuotaCheck = "quota";
constexpr const char* kQuotaRemedy = "set quota_admin to a name in Cyrus's admins";

// Empty if the quota admin may set quotas, otherwise why not. A session that acts as its user sees
// no other user's folders.
std::string what_keeps_from_quotas(const base::ServerConfig& server,
                                   const base::AccountConfig& account) {
  imap::Session session = imap::open_quota_admin(server);
  const imap::Namespaces namespaces = session.namespaces();
  if (namespaces.other_users.empty()) return "it sees no other users' folders";
  const std::string inbox = namespaces.other_users.front().prefix + account.user;
  if (session.list(inbox).empty()) {
    return fmt::format("it sees no {}", base::escape_for_terminal(inbox));
  }
  static_cast<void>(session.quota_roots(inbox));
  session.logout();
  return "";
}

}  // namespace

std::vector<Finding> check_quota_admin(const std::string& name, const base::ServerConfig& server,
                                       const std::vector<base::AccountConfig>& accounts) {
  const bool is_wanted = server.quota == base::QuotaKind::kCyrus || server.quota_admin;
  if (!is_wanted || accounts.empty()) return {};
  const std::string subject = base::escape_for_terminal(name);
  try {
    const std::string why = what_keeps_from_quotas(server, accounts.front());
    if (!why.empty()) {
      return {failure(
          kQuotaCheck, subject,
          "the user that exempts restored trees from the quota is not an administrator: " + why,
          kQuotaRemedy)};
    }
  } catch (const base::Error& error) {
    return {failure(kQuotaCheck, subject, error.what(), kQuotaRemedy)};
  }
  return {passed(kQuotaCheck, subject,
                 "the user that exempts restored trees from the quota may do so")};
}

}  // namespace backupd
