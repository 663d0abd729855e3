// Mail to a user about a restored tree: one when it is there, one a day before it expires, and one
// if a sweep rescued the user's own mail from it. Each is sent once, whatever happens to the tree
// later: a mark beside the index is written first. And mail about what happened at the restore
// page.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/program/program.h"
#include "restore/tree_sweeper.h"
#include "store/tree_record.h"

namespace restore {

// The address to which mail for the account's user goes. Fails with kConfig if it is invalid.
std::string user_address(const base::Config& config, const base::AccountConfig& account);

class UserMail {
 public:
  explicit UserMail(const base::Environment& environment) : environment_(environment) {}

  // All do nothing if the configuration has no template for the mail, and for the scratch account
  // of drills. Failures are only logged: the tree is what matters.
  void notify_restored(const store::TreeRecord& tree) const;

  // Sends the reminder if it is due: within the last day of a tree whose lifetime is longer.
  void remind(const store::TreeRecord& tree) const;

  // Call it when a sweep has worked on the tree; does nothing if that rescued no mail.
  void notify_rescued(const store::TreeRecord& tree, const SweptTree& swept) const;

  // After a login at the restore page, from the address `client`. Sent each time.
  void notify_login(const base::AccountConfig& account, const std::string& client) const;

  // After a grant for `person` to look into the account's mail has ended. Sent each time.
  struct EndedGrant {
    std::string person;
    std::chrono::sys_seconds given{};
    std::chrono::sys_seconds ended{};
  };
  void notify_grant(const base::AccountConfig& account, const EndedGrant& grant) const;

  // Deletes the marks of trees that are not among `trees`.
  void forget_others(const std::vector<store::TreeRecord>& trees) const;

 private:
  struct Letter {
    std::string mark;  // the end of the mark's name, different for each mail about a tree
    base::Path template_file;
    std::uint64_t messages = 0;
    std::chrono::sys_seconds expires{};
  };

  // About what happened at the restore page. `what`: for the log.
  void send_about_page(std::string_view what, const base::Path& template_file,
                       const base::AccountConfig& account,
                       std::map<std::string, std::string> values) const;
  void send_once(const Letter& letter, const store::TreeRecord& tree) const;
  void send(const Letter& letter, const store::TreeRecord& tree) const;
  std::chrono::sys_seconds now() const;

  const base::Environment& environment_;
};

}  // namespace restore
