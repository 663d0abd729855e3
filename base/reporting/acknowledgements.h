// What the administrator has looked at and accepted: it is no trouble any more; and changes of
// whose mailbox an account seems to be, which wait for that. Kept beside the index; lost with it,
// every trouble is told again, and nothing else happens.
#pragma once

#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>

#include "base/config/config.h"
#include "base/file_system.h"
#include "base/mailbox_identity.h"
#include "base/uid.h"

namespace base {

class Acknowledgements {
 public:
  // Empty if the file is damaged.
  static Acknowledgements load(FileSystem& files, const StoreConfig& store);
  void save(FileSystem& files, const StoreConfig& store) const;

  // Loads them, has `change` made, and saves them if they are others than before; what other
  // processes change meanwhile is not lost. Gives them as they are then. Fails with kBusy if
  // another process keeps them locked for ten seconds.
  static Acknowledgements change(FileSystem& files, const StoreConfig& store,
                                 const std::function<void(Acknowledgements&)>& change);

  // A message that can't be fetched: as long as its folder's UIDVALIDITY stays. `folder`: shown.
  void accept_skip(const std::string& account, const std::string& folder,
                   std::uint32_t uid_validity, Uid uid);
  bool is_skip_accepted(const std::string& account, const std::string& folder,
                        std::uint32_t uid_validity, Uid uid) const;

  // What vanished from the account until then.
  void accept_deletions(const std::string& account, std::chrono::sys_seconds until);
  std::optional<std::chrono::sys_seconds> deletions_accepted(const std::string& account) const;

  // That the account is no longer on its server.
  void accept_absence(const std::string& account);
  bool is_absence_accepted(const std::string& account) const;

  // What MailboxHistory::judge() found last: from now on it is a trouble, until it is accepted, or
  // nothing was found. A change that was accepted meanwhile is no trouble.
  void note_stranger(const std::string& account, const std::optional<MailboxChange>& change);
  std::optional<MailboxChange> stranger_in(const std::string& account) const;

  // That all of these are the same person's: with it what stranger_in() gives is no longer a
  // trouble, if it is among them.
  void accept_stranger(const std::string& account, std::span<const MailboxIdentity> identities);
  AcceptedIdentities accepted_identities(const std::string& account) const;

  bool operator==(const Acknowledgements&) const = default;

 private:
  struct Skip {
    std::string folder;  // shown name
    std::uint32_t uid_validity = 0;
    std::uint32_t uid = 0;
    auto operator<=>(const Skip&) const = default;
  };
  struct Account {
    std::set<Skip> skips;
    std::optional<std::chrono::sys_seconds> deletions_until;
    bool is_absent = false;
    std::optional<MailboxChange> stranger;
    AcceptedIdentities accepted;
    bool operator==(const Account&) const = default;
  };

  std::map<std::string, Account> accounts_;
};

}  // namespace base
