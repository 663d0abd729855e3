#include "backupd/pass/open_account.h"

#include <utility>

#include "imap/account_login.h"

namespace backupd {

OpenAccount list_folders(imap::Session session, const OpenOptions& options,
                         std::chrono::sys_seconds now) {
  ListingState& listing = options.listing;
  listing.is_logged_in = true;
  if (listing.is_one_by_one) session.request_status_one_by_one(listing.caution);
  imap::Namespaces namespaces = session.namespaces();
  std::vector<imap::Folder> folders;
  if (options.lists_in_parts) folders = session.list_some(kFirstPart);
  const bool is_part = !folders.empty();
  if (!is_part) {
    folders = session.list_personal_folders();
    listing.is_listed = true;
  }
  return {std::move(session), std::move(namespaces), std::move(folders), now, is_part};
}

OpenAccount open_and_list(const base::Config& config, const base::AccountConfig& account,
                          const base::Clock& clock, const OpenOptions& options) {
  base::ServerConfig server = config.server_of(account);
  server.pipeline = server.pipeline && options.pipeline;
  const auto listed = clock.now_seconds();
  const imap::CommonLimits common{options.waits, options.without, options.list_detail,
                                  options.lists_in_parts};
  ListingState& listing = options.listing;
  listing.is_logged_in = listing.is_listed = false;
  imap::Session session = [&] {
    if (listing.is_one_by_one) return imap::open_account(server, account, common);
    return imap::open_account_and_list_ahead(server, account, options.personal_prefix, common,
                                             [&] { listing.is_logged_in = true; });
  }();
  return list_folders(std::move(session), options, listed);
}

}  // namespace backupd
