#include "backupd/pass/folder_records.h"

#include <utility>

#include "base/ascii.h"
#include "imap/folder.h"

namespace backupd {

namespace {

using Places = std::unordered_map<std::string, std::size_t>;

// Earlier versions recorded INBOX as the server wrote it.
std::string key_of_name(std::string_view raw_name) {
  return std::string(base::equal_ignoring_case(raw_name, imap::kInbox) ? imap::kInbox : raw_name);
}

const store::FolderRecord* record_at(const std::vector<store::FolderRecord>& records,
                                     const Places& places, std::string_view key) {
  const auto found = places.find(std::string(key));
  return found == places.end() ? nullptr : &records[found->second];
}

}  // namespace

FolderRecords::FolderRecords(std::vector<store::FolderRecord> records)
    : records_(std::move(records)) {
  for (std::size_t place = 0; place < records_.size(); ++place) note(place);
}

void FolderRecords::note(std::size_t place) {
  const store::FolderInfo& info = records_[place].info;
  names_.try_emplace(key_of_name(info.raw_name), place);
  if (!info.mailbox_id.empty()) ids_.try_emplace(info.mailbox_id, place);
  messages_ += records_[place].receipt.messages;
}

// If memory runs out, the record is not there by halves: no folder may be in a snapshot twice.
void FolderRecords::add(store::FolderRecord record) {
  const std::size_t place = records_.size();
  records_.push_back(std::move(record));
  try {
    note(place);
  } catch (...) {
    std::erase_if(names_, [&](const auto& entry) { return entry.second == place; });
    records_.pop_back();
    throw;
  }
}

void FolderRecords::add_missing(const FolderRecords& others) {
  for (const store::FolderRecord& record : others.all()) {
    if (by_name(record.info.raw_name) == nullptr) add(record);
  }
}

void FolderRecords::erase_if(const std::function<bool(const store::FolderRecord&)>& matches) {
  if (std::erase_if(records_, matches) > 0) *this = FolderRecords(std::move(records_));
}

const store::FolderRecord* FolderRecords::by_name(std::string_view raw_name) const {
  return record_at(records_, names_, key_of_name(raw_name));
}

const store::FolderRecord* FolderRecords::by_id(std::string_view mailbox_id) const {
  return record_at(records_, ids_, mailbox_id);
}

std::span<const store::FolderRecord> FolderRecords::take_new() {
  return std::span(records_).subspan(std::exchange(taken_, records_.size()));
}

bool FolderRecords::has_folder_of(const store::FolderInfo& info) const {
  if (by_id(info.mailbox_id) != nullptr) return true;
  const store::FolderRecord* const namesake = by_name(info.raw_name);
  return namesake != nullptr && (info.mailbox_id.empty() || namesake->info.mailbox_id.empty());
}

}  // namespace backupd
