#include <algorithm>
#include <array>
#include <iterator>
#include <map>
#include <optional>
#include <utility>

#include <fmt/core.h>

#include "backupd/doctor/server_checks.h"
#include "base/ascii.h"
#include "base/error.h"
#include "base/terminal.h"
#include "base/time_text.h"
#include "imap/account_login.h"
#include "store/format/location.h"
#include "store/reader.h"

namespace backupd {

namespace {

// Of the newest snapshot.
struct RecordedInbox {
  store::FolderInfo info;
  std::chrono::sys_seconds time{};
};

bool is_inbox(std::string_view raw_name) {
  return base::equal_ignoring_case(raw_name, imap::kInbox);
}

class AccountLook {
 public:
  AccountLook(const base::Environment& environment, const std::string& name)
      : server_(environment.config.servers.at(name)), subject_(base::escape_for_terminal(name)) {
    try {
      reader_.emplace(
          store::Reader::open(store::location_of(environment.config.store), environment.files));
    } catch (const base::Error&) {
      // Without a store, or one that can't be read, as other checks say, nothing is recorded.
    }
  }

  std::vector<Finding> look(const std::vector<base::AccountConfig>& accounts) {
    for (const base::AccountConfig& account : accounts) {
      try {
        look_into(account);
      } catch (const base::Error& error) {
        findings_.push_back(
            failure("login", base::escape_for_terminal(account.name), error.what(), ""));
      }
    }
    if (let_in_ > 0) {
      findings_.push_back(all_right(
          "login", subject_,
          fmt::format("{} of the {} accounts tried let us in{}", let_in_, accounts.size(),
                      recognised_ > 0
                          ? fmt::format("; {} are known to be whose they should be", recognised_)
                          : std::string("; the server does not tell whose they are"))));
    }
    return std::move(findings_);
  }

 private:
  void look_into(const base::AccountConfig& account) {
    imap::Session session = imap::open_account(server_, account);
    if (let_in_++ == 0) {
      std::ranges::move(look_at_capabilities(subject_, server_, session.capabilities()),
                        std::back_inserter(findings_));
    }
    const imap::FolderStatus inbox = session.status(imap::kInbox);
    const std::array signs = {is_nobody_elses(account, inbox), is_the_recorded(account, inbox),
                              names_its_user(account, session)};
    const auto says = [&](Sign sign) { return std::ranges::find(signs, sign) != signs.end(); };
    if (says(Sign::kItsOwn) && !says(Sign::kAnothers)) ++recognised_;
    session.logout();
  }

  // What a server says of whose account it is.
  enum class Sign { kNone, kItsOwn, kAnothers };

  // Two accounts that are one mailbox: the server took no notice of whose was asked for.
  Sign is_nobody_elses(const base::AccountConfig& account, const imap::FolderStatus& inbox) {
    if (!inbox.mailbox_id) return Sign::kNone;
    const auto [seen, is_new] = owners_.emplace(*inbox.mailbox_id, &account);
    if (is_new || seen->second->user == account.user) return Sign::kNone;
    findings_.push_back(failure(
        "identity", base::escape_for_terminal(account.name),
        fmt::format("its INBOX is that of {} too", base::escape_for_terminal(seen->second->name)),
        "check its user, and that the server heeds whom an admin acts as"));
    return Sign::kAnothers;
  }

  Sign is_the_recorded(const base::AccountConfig& account, const imap::FolderStatus& inbox) {
    const auto recorded = recorded_inbox(account.name);
    if (!recorded) return Sign::kNone;
    const bool is_same = recorded->info.mailbox_id.empty() || !inbox.mailbox_id
                             ? inbox.uid_validity == recorded->info.uid_validity
                             : *inbox.mailbox_id == recorded->info.mailbox_id;
    if (is_same) return Sign::kItsOwn;
    findings_.push_back(warning(
        "identity", base::escape_for_terminal(account.name),
        fmt::format("its INBOX is another one than at the backup of {}: the account was made "
                    "anew, or the name is somebody else's by now",
                    base::format_rfc3339(recorded->time)),
        "if it is somebody else's, give that account another name in the configuration"));
    return Sign::kAnothers;
  }

  // Where the server tells rights, the owner has some on INBOX.
  static Sign names_its_user(const base::AccountConfig& account, imap::Session& session) {
    const std::string inbox(imap::kInbox);
    const auto lists = session.acls({&inbox, 1});
    const std::string localpart = account.user.substr(0, account.user.find('@'));
    const bool is_named = std::ranges::any_of(lists.front(), [&](const imap::AclEntry& entry) {
      return entry.identifier == account.user || entry.identifier == localpart;
    });
    return is_named ? Sign::kItsOwn : Sign::kNone;
  }

  std::optional<RecordedInbox> recorded_inbox(const std::string& account) {
    const auto snapshot = reader_ ? reader_->newest_snapshot(account) : std::nullopt;
    if (!snapshot) return std::nullopt;
    for (const store::FolderRecord& folder : reader_->folders(*snapshot)) {
      if (is_inbox(folder.info.raw_name)) return RecordedInbox{folder.info, snapshot->time};
    }
    return std::nullopt;
  }

  const base::ServerConfig& server_;
  std::string subject_;
  std::optional<store::Reader> reader_;
  std::map<std::string, const base::AccountConfig*> owners_;  // by INBOX's MAILBOXID
  std::size_t let_in_ = 0;
  std::size_t recognised_ = 0;
  std::vector<Finding> findings_;
};

}  // namespace

std::vector<Finding> look_at_accounts(const base::Environment& environment, const std::string& name,
                                      const std::vector<base::AccountConfig>& accounts) {
  return AccountLook(environment, name).look(accounts);
}

}  // namespace backupd
