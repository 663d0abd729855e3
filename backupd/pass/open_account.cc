#include "backupd/pass/open_account.h"

#include <utility>

#include "imap/account_login.h"

namespace backupd {

OpenAccount open_and_list(const base::Config& config, const base::AccountConfig& account,
                          const base::Clock& clock, const OpenOptions& options) {
  base::ServerConfig server = config.server_of(account);
  server.pipeline = server.pipeline && options.pipeline;
  const auto listed = clock.now_seconds();
  imap::Session session =
      imap::open_account_and_list_ahead(server, account, options.personal_prefix, options.waits);
  imap::Namespaces namespaces = session.namespaces();
  std::vector<imap::Folder> folders = session.list_personal_folders();
  return {std::move(session), std::move(namespaces), std::move(folders), listed};
}

}  // namespace backupd
