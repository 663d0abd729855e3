#include "backupd/pass/folder_records.h"

#include <algorithm>
#include <utility>

#include "backupd/pass/folder_status.h"
#include "base/ascii.h"
#include "base/utf8.h"
#include "imap/folder.h"
#include "store/folder_draft.h"
#include "store/format/limits.h"

namespace backupd {

namespace {

store::FolderInfo info_of(const imap::Folder& folder) {
  store::FolderInfo info;
  set_listed(info, folder);
  return info;
}

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

bool FolderRecords::has_lost_any_of(const FolderRecords& others) const {
  const auto is_container = [](const store::FolderRecord& record) {
    return record.info.completeness == store::FolderCompleteness::kContainer;
  };
  return std::ranges::any_of(others.records_, [&](const store::FolderRecord& record) {
    if (is_container(record)) return false;
    const store::FolderRecord* const namesake = by_name(record.info.raw_name);
    const bool is_other = namesake != nullptr && is_container(*namesake);
    return is_other ? by_id(record.info.mailbox_id) == nullptr : !has_folder_of(record.info);
  });
}

bool FolderRecords::are_whole() const {
  return std::ranges::all_of(records_, [](const store::FolderRecord& record) {
    const store::FolderCompleteness completeness = record.info.completeness;
    return (completeness == store::FolderCompleteness::kComplete ||
            completeness == store::FolderCompleteness::kContainer) &&
           record.info.skipped.empty();
  });
}

store::FolderRecord container_record(store::Writer& writer, const imap::Folder& folder) {
  store::FolderInfo info = info_of(folder);
  info.completeness = store::FolderCompleteness::kContainer;
  store::FolderDraft draft(std::move(info));
  return writer.seal(draft);
}

store::FolderRecord unreadable_record(store::Writer& writer, const imap::Folder& folder,
                                      const store::FolderRecord* last, const std::string& reason) {
  store::FolderDraft draft = last != nullptr ? store::FolderDraft(writer.reader(), *last)
                                             : store::FolderDraft(info_of(folder));
  draft.info().raw_name = folder.raw_name;
  draft.info().completeness = store::FolderCompleteness::kUnreadable;
  draft.info().trouble = base::shortened(reason, store::kMaxReason);
  return writer.seal(draft);
}

}  // namespace backupd
