// What a user is written about a restored tree: that it is there, and a day before it goes that it
// goes. Each once for a tree, whatever happens to it later: a mark beside the index comes first.
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

  // Both do nothing where the configuration has no template for it, and for the scratch account of
  // drills. What fails is logged: the tree is what matters.
  void tell_restored(const store::TreeRecord& tree) const;

  // If it is time to: within the last day of a tree that was to stay for longer.
  void remind(const store::TreeRecord& tree) const;

  // Forgets about trees that are no more.
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
