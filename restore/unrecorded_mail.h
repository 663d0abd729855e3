// Mail without a record below the folder that trees are made in: if that folder does not count
// towards the quota, a user may be keeping mail there for that reason. It is reported, and never
// deleted.
#pragma once

#include <chrono>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "base/program/program.h"
#include "imap/session.h"
#include "store/reader.h"
#include "store/tree_record.h"

namespace restore {

// The unrecorded mail of one folder.
struct UnrecordedMail {
  std::string account;
  std::string folder;  // as shown
  std::uint64_t messages = 0;
  std::uint64_t bytes = 0;
  std::chrono::sys_seconds seen{};
};

// The shown name of the folder that the trees of `user` are in, such as "RESTORED". Empty: they
// have no folder of their own (the template has no level above {timestamp}, or it is a whole
// namespace), and unrecorded mail can't be found. If the server separates levels with a character
// other than '/', the template may too.
std::string folder_of_trees(const std::string& tree_template, const std::string& user,
                            char delimiter);

// Unrecorded mail that is in the account now. `records`: those of all its trees; a folder that a
// run may be filling is left out.
std::vector<UnrecordedMail> unrecorded_now(imap::Session& session,
                                           const base::AccountConfig& account,
                                           std::span<const store::TreeRecord> records,
                                           const std::string& tree_template,
                                           std::chrono::sys_seconds now);

enum class Look {
  kStored,  // in each account's newest backup, which costs no connection
  kLive,    // in accounts with records as they are now, in the others as in kStored
};

// Unrecorded mail of all accounts, or of `account` alone. Backups leave the folders of trees out,
// so mail that a user puts into one is found only by a live look. `reader` may be nullptr. Accounts
// that can't be read are logged and left out.
std::vector<UnrecordedMail> find_unrecorded_mail(const base::Environment& environment,
                                                 store::Reader* reader,
                                                 std::span<const store::TreeRecord> records,
                                                 Look look, const std::string& account = "");

nlohmann::ordered_json to_json(const std::vector<UnrecordedMail>& mail);
std::string to_text(const std::vector<UnrecordedMail>& mail);  // a line each

}  // namespace restore
