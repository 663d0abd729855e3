// A letter is one mail to one user as it is kept until it is sent: the account, the kind of
// template, and what is filled in.
//
// Each is a small file beside the index, from before the first attempt to send it until a mail
// server has accepted it. The tree that it is about may be gone by then.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/config/reporting_config.h"
#include "base/config/store_config.h"
#include "base/file_system.h"
#include "store/tree_record.h"

namespace restore {

enum class LetterKind { kRestored, kReminder, kRescued, kLogin, kGrant };

// The configured template; empty: no mail of this kind is wanted.
const base::Path& template_for(LetterKind kind, const base::UserMailConfig& config);

// Whether it is of no use without its tree.
constexpr bool needs_tree(LetterKind kind) {
  return kind == LetterKind::kRestored || kind == LetterKind::kReminder;
}

struct UserLetter {
  std::string name;  // a file name; if about a tree, it begins with the tree's id and a dot
  LetterKind kind = LetterKind::kRestored;
  std::string account;
  std::string server;                              // on which the account was
  std::string user;                                // the account's name there; empty: not known
  std::map<std::string, std::string> values = {};  // the template's, but for those of `expires`
  std::chrono::sys_seconds expires{};              // only if about a tree
  std::chrono::sys_seconds written{};
  std::chrono::sys_seconds tried{};     // the last attempt to send it; zero: it is untried
  std::chrono::sys_seconds reported{};  // when the log last had an attempt that failed
  int attempts = 0;                     // attempts whose outcome is unknown

  bool is_about_tree() const { return kind <= LetterKind::kRescued; }
};

// Names that an earlier letter had are remembered by marks: empty files. Unless stated otherwise,
// functions fail with kIo or kNoSpace.
class UserLetters {
 public:
  // `files` must outlive it.
  UserLetters(base::FileSystem& files, const base::StoreConfig& store);

  // Keeps a new letter, durably. Returns false if there is or was one of this name.
  bool put(const UserLetter& letter) const;

  // Those that are not yet sent, in the order in which to try them: the untried ones, the newest
  // first, then those that were tried longest ago. So no letter has to wait for another one each
  // time. Damaged ones are removed, with an error in the log.
  std::vector<UserLetter> list(std::chrono::sys_seconds now) const;

  // Returns nullopt if it was sent or removed, or is damaged.
  std::optional<UserLetter> find(const std::string& name) const;

  // So that one process sends at a time; nullptr if another one sends for longer than a few
  // seconds.
  std::unique_ptr<base::FileLock> lock(base::Clock& clock) const;

  // Before an attempt to send it: counts it, and marks the name. Requires the lock, as the next
  // three.
  void begin(UserLetter& letter, std::chrono::sys_seconds now) const;
  void replace(const UserLetter& letter) const;
  void remove(const UserLetter& letter) const;

  // Removes it and the mark of its name: put() accepts that name again.
  void withdraw(const UserLetter& letter) const;

  // Removes the marks of trees that are not among `trees`, and letters that need one that is not.
  void forget_others(const std::vector<store::TreeRecord>& trees,
                     std::chrono::sys_seconds now) const;

 private:
  base::Path file_of(const std::string& name) const;

  base::FileSystem& files_;
  base::Path directory_;
  base::Path lock_;
};

}  // namespace restore
