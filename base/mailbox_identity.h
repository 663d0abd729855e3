// Whose mailbox a login name opens, as far as the server shows it: a name may be given to another
// person one day, and an account be renamed or moved. One question with one answer for backups,
// restores and sweeps: MailboxHistory::judge().
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace base {

// The values that distinguish a folder from another folder of the same name.
struct MailboxIdentity {
  std::string mailbox_id;          // RFC 8474; empty: the server gives none
  std::uint32_t uid_validity = 0;  // 0: unknown

  bool is_known() const { return !mailbox_id.empty() || uid_validity != 0; }
  std::string text() const;  // for people: "MAILBOXID F1", "UIDVALIDITY 7"
  bool operator==(const MailboxIdentity&) const = default;
};

// By MAILBOXID where both have one, else by UIDVALIDITY; nothing if they can't be compared.
std::optional<bool> is_same(const MailboxIdentity& a, const MailboxIdentity& b);

// An account's folders at one moment: in a snapshot, or on the server now.
struct MailboxSight {
  MailboxIdentity inbox;  // unknown: there was no INBOX, or the server told nothing about it
  bool has_mail = false;  // INBOX holds a message

  struct Other {
    std::string raw_name;
    MailboxIdentity identity;
    bool has_mail = false;
  };
  std::vector<Other> others;  // beside INBOX; may be left out unless needs_others() wants them
};

// The identities that an administrator said are one person's.
struct AcceptedIdentities {
  std::vector<MailboxIdentity> identities;
  // Of files that recorded only what an INBOX had become: so was every snapshot before it.
  bool with_earlier = false;
  bool operator==(const AcceptedIdentities&) const = default;
};

struct MailboxChange {
  MailboxIdentity was;
  MailboxIdentity is;
  bool operator==(const MailboxChange&) const = default;

  // Another MAILBOXID: certainly not the mailbox that it was. Otherwise UIDVALIDITY tells, and the
  // server may have been moved or repaired.
  bool is_certain() const;
};

struct Holder {
  // The newest change since which the mailbox is the live one, if it is not acknowledged.
  std::optional<MailboxChange> change;
  // Of each snapshot, in the order of MailboxHistory::add(): whether it is of the live mailbox, or
  // was acknowledged to be of the same person.
  std::vector<bool> is_of_snapshot;
};

// An account's snapshots fall into eras: in each of them INBOX was the same mailbox. A snapshot
// that tells nothing of INBOX belongs to the era before it. The UIDVALIDITY of an INBOX in which
// no snapshot of the era saw a message is no identity, since some servers give an empty folder a
// new one in each session; then the other folders that hold mail tell: if none of them is there
// any more, by name and identity, it is another mailbox.
class MailboxHistory {
 public:
  // Whether `next.others` counts, for add() or judge().
  bool needs_others(const MailboxSight& next) const;

  // A snapshot, the oldest first.
  void add(const MailboxSight& snapshot);

  // `live`: as the server shows it now; if it tells nothing of INBOX it is taken to be of the last
  // era, so that a change that the snapshots show still counts.
  Holder judge(const MailboxSight& live, const AcceptedIdentities& accepted) const;

  // All that INBOX ever was.
  std::vector<MailboxIdentity> identities() const;

 private:
  struct Era {
    MailboxIdentity last;  // each half as it was last known
    std::vector<MailboxIdentity> seen;
    bool had_mail = false;
    std::vector<MailboxSight::Other> with_mail;  // other folders, when any of them last had mail

    bool has(const MailboxSight& sight) const;
    void take(const MailboxSight& sight);
  };

  static bool is_any_same(const Era& era, std::span<const MailboxIdentity> identities);
  static bool is_of_one_mailbox(const Era& a, const Era& b);
  std::size_t place(const MailboxSight& sight);
  std::vector<std::size_t> groups(const AcceptedIdentities& accepted) const;

  std::vector<Era> eras_;
  std::vector<std::size_t> era_of_;  // of each snapshot
};

}  // namespace base
