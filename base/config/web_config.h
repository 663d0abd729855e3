// The part of the configuration about the restore page: `mailstow-restore desk`, and the people who
// reach it through a web server.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "base/file_system.h"

namespace base {

// A Unix socket on which the desk listens.
struct DeskSocketConfig {
  Path path;         // empty: there is no such socket, unless systemd hands one over
  std::string user;  // the Unix user whose programs may connect; empty: the desk's own
};

// The bounds of what a mailbox's owner may do by himself.
struct OwnerBounds {
  unsigned trees = 2;                                       // restored ones at a time
  std::uint64_t restored_bytes = std::uint64_t{10} << 30U;  // in these trees, all together
  unsigned extensions = 2;                                  // of one tree
  std::chrono::seconds longest_stay = std::chrono::days(30);
  // In a UTC day.
  unsigned messages_per_day = 300;  // opened
  unsigned exports_per_day = 1;
  unsigned restores_per_day = 10;
};

struct SelfServiceConfig {
  std::vector<std::string> accounts;  // globs over account names; empty: closed to all owners
  std::chrono::seconds reach = std::chrono::days(30);
  std::chrono::seconds session = std::chrono::hours(2);
  // How old a login may be for an export or a restore.
  std::chrono::seconds recent_login = std::chrono::minutes(15);
  // A refused login is answered when this time, or a multiple of it, has passed.
  std::chrono::seconds refusal_after = std::chrono::seconds(4);
  DeskSocketConfig socket;        // of owners, who log in with the password of their mailbox
  DeskSocketConfig proxy_socket;  // of owners whom a single sign-on proxy has identified
  OwnerBounds bounds;

  // Whether the account's owner may use the page.
  bool admits(std::string_view account) const;
};

enum class StaffRole {
  kHelpdesk,  // restores for users, without seeing their mail
  kOperator,  // sees the state of backups
  kOfficer,   // approves what the others may look at
};

struct StaffPerson {
  std::string person;  // as the single sign-on proxy names it
  StaffRole role = StaffRole::kHelpdesk;
  std::vector<std::string> accounts;  // globs over account names; empty: all
};

struct StaffConfig {
  DeskSocketConfig socket;
  std::vector<StaffPerson> people;
  std::chrono::seconds session = std::chrono::hours(8);
  std::chrono::seconds grant = std::chrono::hours(1);  // how long a grant lasts
};

struct WebConfig {
  SelfServiceConfig self;
  StaffConfig staff;
};

// Takes an object that the schema has accepted. Fails with kConfig for a value that it can't check.
WebConfig parse_web(const nlohmann::json& at);

std::string_view role_word(StaffRole role);  // "helpdesk", "operator", "officer"

}  // namespace base
