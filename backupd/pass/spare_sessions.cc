#include "backupd/pass/spare_sessions.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/log.h"
#include "imap/account_login.h"
#include "imap/mailbox_sight.h"

namespace backupd {

SpareSessions::SpareSessions(AccountQueue& queue, const base::Config& config,
                             const base::AccountConfig& account, Open open)
    : queue_(queue),
      server_(config.server_of(account)),
      account_(account),
      open_(std::move(open)) {}

void SpareSessions::prove(std::span<const imap::Folder> listed) {
  const base::MailboxObservation seen = imap::sight_of(listed);
  if (std::exchange(has_seen_inbox_only_, false)) {
    witness_.prove(seen);
    witness_ = {};
  }
  witness_.prove(seen);
}

bool SpareSessions::prove(const std::optional<imap::FolderStatus>& inbox) {
  if (witness_.has_seen() || !inbox) return false;
  imap::Folder folder;
  folder.raw_name = imap::kInbox;
  folder.status = inbox;
  witness_.prove(imap::sight_of(std::span(&folder, 1)));
  has_seen_inbox_only_ = witness_.has_seen();
  return has_seen_inbox_only_;
}

std::vector<SpareSession> SpareSessions::take(unsigned wanted) {
  const unsigned further = server_.connections_per_account - 1;
  wanted = std::min(wanted, further - std::min(held_, further));
  std::vector<SpareSession> spares;
  while (spares.size() < wanted && !idle_.empty()) {
    spares.push_back(std::move(idle_.back()));
    idle_.pop_back();
  }
  const unsigned more = wanted - static_cast<unsigned>(spares.size());
  for (AccountQueue::Spare& place : queue_.spares(account_, more)) {
    spares.push_back({std::move(place), std::nullopt});
  }
  return spares;
}

imap::Session* SpareSessions::open(SpareSession& spare, const std::string& raw_name,
                                   std::uint32_t uid_validity) const {
  return open_if(spare, [&](imap::Session& session) {
    const imap::OpenFolder open = session.examine(raw_name);
    // Without UIDVALIDITY, UIDs are valid in their own session only.
    return uid_validity != 0 && open.uid_validity == uid_validity;
  });
}

imap::Session* SpareSessions::open(SpareSession& spare) const {
  return open_if(spare, [](imap::Session&) { return true; });
}

imap::Session* SpareSessions::open_if(SpareSession& spare,
                                      const std::function<bool(imap::Session&)>& is_usable) const {
  try {
    if (!spare.session) {
      spare.session = open_(server_, account_, common_);
      witness_.prove(*spare.session);
    }
    if (is_usable(*spare.session)) return &*spare.session;
  } catch (const base::Error& error) {
    if (spare.session && error.code() == base::ErrorCode::kLogin) {  // a different mailbox
      base::log_warning("{}: {}", account_.name, error.what());
    } else {
      base::log_debug("no further connection: {}", error.what());
    }
  }
  spare.session.reset();
  return nullptr;
}

void SpareSessions::give_back(std::vector<SpareSession> spares) {
  for (SpareSession& spare : spares) {
    if (spare.session) idle_.push_back(std::move(spare));
  }
}

void SpareSessions::log_out() {
  for (SpareSession& spare : idle_) spare.session->logout();
  drop();
}

void SpareSessions::drop() {
  idle_.clear();
}

}  // namespace backupd
