// Mail to a user about a restored tree: one when it is there, and one a day before it expires. Each
// is sent once for a tree, whatever happens to it later: a mark beside the index is written first.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/program/program.h"
#include "store/tree_record.h"

namespace restore {

class UserMail {
 public:
  explicit UserMail(const base::Environment& environment) : environment_(environment) {}

  // Both do nothing if the configuration has no template for the mail, and for the scratch account
  // of drills. Failures are only logged: the tree is what matters.
  void notify_restored(const store::TreeRecord& tree) const;

  // Sends the reminder if it is due: within the last day of a tree whose lifetime is longer.
  void remind(const store::TreeRecord& tree) const;

  // Deletes the marks of trees that are not among `trees`.
  void forget_others(const std::vector<store::TreeRecord>& trees) const;

 private:
  enum class Kind { kRestored, kReminder };

  void send_once(Kind kind, const base::Path& template_file, const store::TreeRecord& tree) const;
  void send(const base::Path& template_file, const store::TreeRecord& tree) const;
  std::string address_of(const std::string& account) const;
  std::chrono::sys_seconds now() const;

  const base::Environment& environment_;
};

}  // namespace restore
