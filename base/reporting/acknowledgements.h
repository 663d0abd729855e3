// The problems that the administrator has acknowledged, which are no longer reported as trouble;
// and changes of the mailbox that an account seems to be, which wait for acknowledgement. Kept
// beside the index; if it is lost, every trouble is reported again, and nothing else happens.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>

#include "base/config/config.h"
#include "base/file_system.h"
#include "base/mail/mailbox_identity.h"
#include "base/mail/uid.h"

namespace base {

// The deletions up to and including one snapshot of the account are accepted.
struct AcceptedDeletions {
  std::uint64_t sequence = 0;                          // of that snapshot
  std::optional<std::chrono::sys_seconds> until = {};  // instead: its time, as older versions noted
  bool operator==(const AcceptedDeletions&) const = default;
};

class Acknowledgements {
 public:
  // Empty if the file is damaged.
  static Acknowledgements load(FileSystem& files, const StoreConfig& store);
  void save(FileSystem& files, const StoreConfig& store) const;

  // Loads them, calls `change`, and saves them if they differ from before; changes by other
  // processes are not lost. Returns their new state. Fails with kBusy if another process keeps them
  // locked for ten seconds.
  static Acknowledgements change(FileSystem& files, const StoreConfig& store,
                                 const std::function<void(Acknowledgements&)>& change);

  // Accepts that a message can't be fetched, as long as its folder's UIDVALIDITY stays. `folder`:
  // shown.
  void accept_skip(const std::string& account, const std::string& folder,
                   std::uint32_t uid_validity, Uid uid);
  bool is_skip_accepted(const std::string& account, const std::string& folder,
                        std::uint32_t uid_validity, Uid uid) const;

  // Accepts all deletions from the account up to the snapshot with that sequence.
  void accept_deletions(const std::string& account, std::uint64_t sequence);
  std::optional<AcceptedDeletions> deletions_accepted(const std::string& account) const;

  // Forgets everything about the account. Added again, it gets higher sequences.
  void forget(const std::string& account);

  // Accepts that the account is no longer on its server.
  void accept_absence(const std::string& account);
  bool is_absence_accepted(const std::string& account) const;

  // Records the last result of MailboxHistory::judge(): from now on it is a trouble, until it is
  // accepted, or until no change is found. A change that was accepted meanwhile does not count as
  // trouble.
  void note_mailbox_change(const std::string& account, const std::optional<MailboxChange>& change);
  std::optional<MailboxChange> mailbox_change(const std::string& account) const;

  // Accepts that all of these belong to the same person: the change in mailbox_change() is then no
  // longer a trouble, if it is among them.
  void accept_mailbox_change(const std::string& account,
                             std::span<const MailboxIdentity> identities);
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
    std::optional<AcceptedDeletions> deletions;
    bool is_absent = false;
    std::optional<MailboxChange> stranger;
    AcceptedIdentities accepted;
    bool operator==(const Account&) const = default;
  };

  std::map<std::string, Account> accounts_;
};

}  // namespace base
