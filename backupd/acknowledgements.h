// What the administrator has looked at and accepted: it is no trouble any more; and changes of who
// an account seems to be, which wait for that. Kept beside the index; lost with it, every trouble
// is told again but for those changes, and nothing else happens.
#pragma once

#include <chrono>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "backupd/pass_report.h"
#include "base/config.h"
#include "base/file_system.h"
#include "base/uid.h"

namespace backupd {

class Acknowledgements {
 public:
  // Begins anew if the file is damaged.
  static Acknowledgements load(base::FileSystem& files, const base::StoreConfig& store);
  void save(base::FileSystem& files, const base::StoreConfig& store) const;

  // A message that can't be fetched: as long as its folder's UIDVALIDITY stays.
  void accept_skip(const std::string& account, const std::string& folder,
                   std::uint32_t uid_validity, base::Uid uid);

  // What vanished from the account until then.
  void accept_deletions(const std::string& account, std::chrono::sys_seconds until);

  // That the account is no longer on its server.
  void accept_absence(const std::string& account);

  // Another INBOX than at the last backup (backupd/inbox_identity.h), as InboxIdentity::text() has
  // it.
  struct Stranger {
    std::string was;
    std::string is;
    bool is_refused = false;  // nothing of it is backed up until it is accepted
    bool operator==(const Stranger&) const = default;
  };

  // From now on it is a trouble. True if it was not known.
  bool note_stranger(const std::string& account, const Stranger& stranger);
  std::optional<Stranger> stranger_in(const std::string& account) const;

  // That it is the same person's all the same.
  void accept_stranger(const std::string& account);
  bool is_accepted(const std::string& account, const std::string& identity) const;

  std::optional<std::chrono::sys_seconds> deletions_accepted(const std::string& account) const;
  bool is_absence_accepted(const std::string& account) const;

  // Marks the skipped messages that were accepted; a pass with no other trouble is complete.
  void apply_to(AccountReport& report) const;

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
    std::optional<Stranger> stranger;
    std::string accepted_identity;
    bool operator==(const Account&) const = default;
  };

  std::map<std::string, Account> accounts_;
};

}  // namespace backupd
