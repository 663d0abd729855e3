// Mail to a user about a restored tree: one when it is there, one a day before it expires, and one
// if a sweep rescued the user's own mail from it. Each is sent once, whatever happens to the tree
// later. And mail about what happened at the restore page. All of it is kept beside the index until
// the mail server has accepted it (restore/user_letter.h), for a week at most. Mail that the server
// did not confirm, or that was being sent when its program was killed, is sent once more.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "base/program/program.h"
#include "restore/tree_sweeper.h"
#include "restore/user_letter.h"
#include "store/tree_record.h"

namespace restore {

// The address to which mail for the account's user goes. Fails with kConfig if it is invalid.
std::string user_address(const base::Config& config, const base::AccountConfig& account);

// Whether the clock has been judged (store/clock_guard.h), and is right.
enum class ClockTrust { kTrusted, kUntrusted };

class UserMail {
 public:
  explicit UserMail(const base::Environment& environment)
      : environment_(environment), letters_(environment.files, environment.config.store) {}

  // Nothing is kept or sent without a template for the mail in the configuration, nor for the
  // scratch account of drills. Failures are only logged: the tree is what matters.
  //
  // The first three keep the mail for send_pending(), durably. If it is kept or was sent already,
  // they do nothing.
  void notify_restored(const store::TreeRecord& tree) const;

  // If the reminder is due: within the last day of a tree whose lifetime is longer.
  void remind(const store::TreeRecord& tree) const;

  // When a sweep has worked on the tree, and before its record is removed; does nothing if that
  // rescued no mail.
  void notify_rescued(const store::TreeRecord& tree, const SweptTree& swept) const;

  // Sends what is kept, except about trees that are not among `trees`: about them, only that mail
  // was rescued. A letter that is refused does not affect the others. While the mail server can't
  // be reached, the rest waits for the next call, and a letter that the server did not confirm ends
  // the call, too: it may have been delivered, and is sent once more at most. The log has the
  // errors of a letter's first attempt, and of one a day later.
  //
  // Removes letters that are of no use any more. With kUntrusted, nothing that depends on the time
  // is decided: none is too old, and reminders wait.
  void send_pending(std::span<const store::TreeRecord> trees, ClockTrust clock) const;

  // After a login at the restore page, from the address `client`. Sent each time, at once if
  // possible.
  void notify_login(const base::AccountConfig& account, const std::string& client) const;

  // After a grant for `person` to look into the account's mail has ended. Likewise.
  struct EndedGrant {
    std::string person;
    std::chrono::sys_seconds given{};
    std::chrono::sys_seconds ended{};
  };
  void notify_grant(const base::AccountConfig& account, const EndedGrant& grant) const;

  // Forgets what was sent about trees that are not among `trees`, and what is of no use without
  // them. Fails with kIo or kNoSpace.
  void forget_others(const std::vector<store::TreeRecord>& trees) const;

 private:
  // When a letter is to be sent.
  enum class Turn {
    kNow,
    kLater,
    kNever,
    kTooEarly,  // a reminder of a tree that was extended: it is written again in the last day
  };

  void put_about_tree(LetterKind kind, const std::string& mark, const store::TreeRecord& tree,
                      std::uint64_t messages, std::chrono::sys_seconds expires) const;
  void send_about_page(LetterKind kind, const base::AccountConfig& account,
                       std::map<std::string, std::string> values) const;
  bool is_wanted(LetterKind kind) const;
  bool is_kept(const UserLetter& letter) const;
  Turn turn_of(UserLetter& letter, std::span<const store::TreeRecord> trees,
               ClockTrust clock) const;
  Turn turn_about_tree(UserLetter& letter, std::span<const store::TreeRecord> trees,
                       ClockTrust clock) const;
  bool is_given_up(const UserLetter& letter, ClockTrust clock) const;
  bool attempt(UserLetter letter) const;
  void note_failure(UserLetter letter, const base::Error& error) const;
  void send(const UserLetter& letter) const;
  std::chrono::sys_seconds now() const;

  const base::Environment& environment_;
  UserLetters letters_;
};

}  // namespace restore
