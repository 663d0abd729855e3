// Mail to users that is not yet sent: a small file for each, beside the index, from before the
// first attempt until a mail server has accepted it. The tree that it is about may be gone by then.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
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
  std::chrono::sys_seconds reported{};  // when the log last had an attempt that failed
  int attempts = 0;                     // whose outcome is unknown

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

  // Those that are not yet sent. Damaged ones are removed, with an error in the log.
  std::vector<UserLetter> list() const;

  // So that one process sends at a time; nullptr if another one sends for longer than a few
  // seconds.
  std::unique_ptr<base::FileLock> lock(base::Clock& clock) const;

  // Before an attempt to send it: counts it, and marks the name. Requires the lock, as the next
  // two.
  void begin(UserLetter& letter) const;
  void replace(const UserLetter& letter) const;
  void remove(const UserLetter& letter) const;

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
