// The records of an account's folders, found by raw name and by MAILBOXID.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "store/format/snapshot.h"

namespace backupd {

class FolderRecords {
 public:
  FolderRecords() = default;
  explicit FolderRecords(std::vector<store::FolderRecord> records);

  // The pointers that find functions returned are no longer valid then.
  void add(store::FolderRecord record);
  // Adds the records of folders with names that are missing here.
  void add_missing(const FolderRecords& others);
  void erase_if(const std::function<bool(const store::FolderRecord&)>& matches);

  // Null if there is no such folder; of several the first one. No folder has an empty MAILBOXID.
  const store::FolderRecord* by_name(std::string_view raw_name) const;
  const store::FolderRecord* by_id(std::string_view mailbox_id) const;

  const std::vector<store::FolderRecord>& all() const { return records_; }
  std::uint64_t messages() const;

 private:
  void note(std::size_t place);

  std::vector<store::FolderRecord> records_;
  std::unordered_map<std::string, std::size_t> names_;  // into records_
  std::unordered_map<std::string, std::size_t> ids_;
};

}  // namespace backupd
