// A logged-in account, with the list of its folders.
#pragma once

#include <chrono>
#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/config/config.h"
#include "imap/folder.h"
#include "imap/optional_commands.h"
#include "imap/session.h"
#include "imap/status_caution.h"
#include "imap/wait_budget.h"

namespace backupd {

struct OpenAccount {
  imap::Session session;
  imap::Namespaces namespaces;
  std::vector<imap::Folder> folders;  // as Session::list_personal_folders() returned them
  std::chrono::sys_seconds listed{};  // just before the list was requested
  bool is_part = false;               // `folders` are from Session::list_some(), which has more
};

// How far the last connection came with the list of folders.
struct ListingState {
  bool is_logged_in = false;
  bool is_listed = false;
  bool is_one_by_one = false;   // the next connection requests each folder's status by itself
  imap::StatusCaution caution;  // for it
};

inline constexpr std::size_t kFirstPart = 1'000;  // folders

struct OpenOptions {
  std::string_view personal_prefix;  // the one seen last time
  bool pipeline = true;              // false: whatever the configuration says
  ListingState& listing;
  std::shared_ptr<imap::WaitBudget> waits = nullptr;  // for all connections of the account
  imap::CommandNames without = {};                    // not answered by the server: not sent
  imap::ListDetail list_detail = imap::ListDetail::kSizes;
  bool lists_in_parts = false;  // a list of more than kFirstPart folders may be a part
};

// Lists the folders over a session that was just opened, in whole or in part, as the options say.
// Fails as the session does.
OpenAccount list_folders(imap::Session session, const OpenOptions& options,
                         std::chrono::sys_seconds now);

// Fails as imap::open_account() and the session do.
OpenAccount open_and_list(const base::Config& config, const base::AccountConfig& account,
                          const base::Clock& clock, const OpenOptions& options);

}  // namespace backupd
