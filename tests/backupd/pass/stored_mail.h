// The mail of an account's newest snapshot, read back message by message.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "backupd/report/pass_report.h"
#include "store/format/location.h"

namespace backupd {

struct StoredMail {
  // Bytes by UID, by the folder's raw name; no empty folders.
  std::map<std::string, std::map<std::uint32_t, std::string>> folders;
  // Lines about what is not there, or not as the snapshot or the report says; empty: nothing.
  std::string troubles;
};

// `report`: of the backup that made the snapshot; null: it made none, or it is not compared.
StoredMail read_back(const store::Location& location, const std::string& account,
                     const AccountReport* report);

// "INBOX 3, Mid 3": the number of messages in each folder.
std::string counts_of(const StoredMail& mail);

}  // namespace backupd
