// The records of an account's folders, found by raw name and by MAILBOXID.
#pragma once

#include <cstddef>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "imap/folder.h"
#include "store/format/snapshot.h"
#include "store/writer.h"

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

  // Whether the folder is here, perhaps under another name: MAILBOXIDs are compared if both have
  // one, and names otherwise.
  bool has_folder_of(const store::FolderInfo& info) const;

  // Whether one of the other folders is not among these, perhaps under another name. A namesake
  // that can't be opened is another folder, and one that could not be opened then does not count.
  bool has_lost_any_of(const FolderRecords& others) const;

  const std::vector<store::FolderRecord>& all() const { return records_; }
  // The records that no earlier call returned, here or in what this is a copy of. Valid until a
  // record is added.
  std::span<const store::FolderRecord> take_new();
  std::uint64_t messages() const { return messages_; }  // in all folders together
  bool are_whole() const;                               // no message of any folder is missing

 private:
  void note(std::size_t place);

  std::vector<store::FolderRecord> records_;
  std::unordered_map<std::string, std::size_t> names_;  // into records_
  std::unordered_map<std::string, std::size_t> ids_;
  std::uint64_t messages_ = 0;
  std::size_t taken_ = 0;  // by take_new()
};

// The record of a folder that can't be opened.
store::FolderRecord container_record(store::Writer& writer, const imap::Folder& folder);

// A record with the messages of the last one, if there is one, under the folder's present name.
store::FolderRecord unreadable_record(store::Writer& writer, const imap::Folder& folder,
                                      const store::FolderRecord* last, const std::string& reason);

}  // namespace backupd
