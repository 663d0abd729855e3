// Mail below the folder that trees are made in, which no record knows: where that folder is outside
// the quota, somebody may be keeping mail there for that reason. It is told, and never deleted.
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

// Of one folder.
struct UnrecordedMail {
  std::string account;
  std::string folder;  // as shown
  std::uint64_t messages = 0;
  std::uint64_t bytes = 0;
  std::chrono::sys_seconds seen{};
};

// The folder, as shown, that the trees of `user` are in: "RESTORED". Empty: they have none of their
// own (the template has no level above {timestamp}, or it is a whole namespace), and nothing can be
// told. Where the server parts levels with another character than '/', the template may too.
std::string folder_of_trees(const std::string& tree_template, const std::string& user,
                            char delimiter);

// As the account is now. `records`: of all its trees; a folder that a run may be filling is left
// out.
std::vector<UnrecordedMail> unrecorded_now(imap::Session& session,
                                           const base::AccountConfig& account,
                                           std::span<const store::TreeRecord> records,
                                           const std::string& tree_template,
                                           std::chrono::sys_seconds now);

enum class Look {
  kStored,  // what each account's newest backup has, which is free
  kLive,    // for accounts with records, what they hold now
};

// Of all accounts. Backups leave the folders of trees out, so what a user puts into one shows only
// when it is looked at live. `reader` may be nothing. What can't be looked at is logged and left
// out.
std::vector<UnrecordedMail> find_unrecorded_mail(const base::Environment& environment,
                                                 store::Reader* reader,
                                                 std::span<const store::TreeRecord> records,
                                                 Look look);

nlohmann::ordered_json to_json(const std::vector<UnrecordedMail>& mail);
std::string to_text(const std::vector<UnrecordedMail>& mail);  // a line each

}  // namespace restore
