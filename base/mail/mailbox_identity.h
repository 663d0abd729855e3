// Determines, as far as the server shows it, which mailbox a login name opens: a name may be given
// to another person one day, and an account be renamed or moved. Backups, restores and sweeps get
// the answer from one function: MailboxHistory::judge().
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
  std::string mailbox_id;          // RFC 8474; empty: the server reports none
  std::uint32_t uid_validity = 0;  // 0: unknown

  bool is_known() const { return !mailbox_id.empty() || uid_validity != 0; }
  std::string text() const;  // for people: "MAILBOXID F1", "UIDVALIDITY 7"
  bool operator==(const MailboxIdentity&) const = default;
};

// Compares by MAILBOXID if both have one, otherwise by UIDVALIDITY; nullopt if they can't be
// compared.
std::optional<bool> is_same(const MailboxIdentity& a, const MailboxIdentity& b);

// An account's folders at one moment: in a snapshot, or on the server now.
struct MailboxObservation {
  MailboxIdentity inbox;  // unknown: there was no INBOX, or the server reported nothing about it
  bool has_mail = false;  // INBOX contains a message

  struct Other {
    std::string raw_name;
    MailboxIdentity identity;
    bool has_mail = false;
  };
  std::vector<Other> others;  // besides INBOX; may be left out unless needs_others() requires them
};

// The identities that an administrator has declared to be one person's.
struct AcceptedIdentities {
  std::vector<MailboxIdentity> identities;
  // From files that recorded only what an INBOX had become: every snapshot before it is accepted
  // too.
  bool with_earlier = false;
  bool operator==(const AcceptedIdentities&) const = default;
};

struct MailboxChange {
  MailboxIdentity was;
  MailboxIdentity is;
  bool operator==(const MailboxChange&) const = default;

  // A different MAILBOXID: certainly a different mailbox. Otherwise only UIDVALIDITY differs, and
  // the server may have been moved or repaired.
  bool is_certain() const;
};

struct Holder {
  // The newest change, by which the mailbox became the live one, unless it is acknowledged.
  std::optional<MailboxChange> change;
  // For each snapshot, in the order of MailboxHistory::add(): whether it is of the live mailbox, or
  // was acknowledged to be the same person's.
  std::vector<bool> is_of_snapshot;
};

// An account's snapshots fall into eras: within an era INBOX was the same mailbox. A snapshot
// without information about INBOX belongs to the era before it. The UIDVALIDITY of an INBOX in
// which no snapshot of the era saw a message does not identify it, since some servers give an empty
// folder a new one in each session; then the other folders with mail decide: if none of them still
// exists, by name and identity, it is a different mailbox.
class MailboxHistory {
 public:
  // Whether `next.others` matters for add() or judge().
  bool needs_others(const MailboxObservation& next) const;

  // Adds a snapshot; call in order, the oldest first.
  void add(const MailboxObservation& snapshot);

  // `live`: the current state on the server; if it says nothing about INBOX, it is assumed to
  // belong to the last era, so that a change that the snapshots show still counts.
  Holder judge(const MailboxObservation& live, const AcceptedIdentities& accepted) const;

  // Every identity that INBOX ever had.
  std::vector<MailboxIdentity> identities() const;

 private:
  struct Era {
    MailboxIdentity last;  // the last known value of each member
    std::vector<MailboxIdentity> seen;
    bool had_mail = false;
    // Other folders, as of the last time that any of them had mail.
    std::vector<MailboxObservation::Other> with_mail;

    bool has(const MailboxObservation& sight) const;
    void take(const MailboxObservation& sight);
  };

  static bool is_any_same(const Era& era, std::span<const MailboxIdentity> identities);
  static bool is_of_one_mailbox(const Era& a, const Era& b);
  std::size_t place(const MailboxObservation& sight);
  std::vector<std::size_t> groups(const AcceptedIdentities& accepted) const;

  std::vector<Era> eras_;
  std::vector<std::size_t> era_of_;  // for each snapshot
};

}  // namespace base
