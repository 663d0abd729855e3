#include "backupd/pass/account_snapshot.h"

#include <algorithm>

#include "base/error.h"
#include "base/log.h"
#include "store/reader.h"

namespace backupd {

using store::FolderCompleteness;
using store::FolderRecord;

void AccountSnapshot::load_last() {
  const auto newest = writer_.reader().newest_snapshot(report_.account);
  is_first_ = !newest;
  if (!newest) return;
  filter_.set_prefix(newest->personal_prefix);
  try {
    last_ = FolderRecords(writer_.reader().folders(*newest));
    properties_ = store::to_account_properties(writer_.reader().properties(*newest));
    properties_.replaced = 0;
  } catch (const base::Error& error) {
    if (error.code() != base::ErrorCode::kDamaged) throw;
    base::log_warning("{}: {}: the account is fetched again: run mailstow-backupd check --repair",
                      report_.account, error.what());
  }
}

ListedFolders AccountSnapshot::listed_folders(const FolderRecords& records) const {
  ListedFolders folders;
  folders.is_first = last_.all().empty();
  folders.has_changed =
      !std::ranges::equal(last_.all(), records.all(), {}, &FolderRecord::id, &FolderRecord::id);
  for (const FolderRecord& record : records.all()) {
    if (record.info.completeness == FolderCompleteness::kContainer) continue;
    folders.all.push_back(record.info.raw_name);
    const FolderRecord* const last = last_.by_name(record.info.raw_name);
    if (last == nullptr || last->id != record.id) folders.changed.push_back(record.info.raw_name);
  }
  return folders;
}

void AccountSnapshot::count_vanished(const FolderRecords& records, Departures& departures) {
  for (const FolderRecord& last : last_.all()) {
    const store::FolderInfo& info = last.info;
    if (records.has_folder_of(info)) continue;
    imap::Folder folder;
    folder.raw_name = info.raw_name;
    folder.delimiter = info.delimiter;
    if (!filter_.leaves_out(folder)) departures.all_left(writer_.reader(), last);
  }
  vanished_ = departures.vanished();
  properties_.replaced = departures.replaced();
}

void AccountSnapshot::add(const FolderRecords& records, store::SnapshotStatus status,
                          DailyBudget& budget) {
  if (budget.is_limited() && !budget.is_untouched()) {
    properties_.fetched = {budget.day(), budget.used()};
  }
  report_.snapshot = writer_.add_snapshot({.account = report_.account,
                                           .time = time_,
                                           .kind = store::SnapshotKind::kBackup,
                                           .status = status,
                                           .personal_prefix = filter_.prefix(),
                                           .folders = records.all(),
                                           .properties = store::to_properties(properties_),
                                           .vanished = vanished_});
  describe(records);
}

void AccountSnapshot::describe(const FolderRecords& records) {
  report_.receipts.clear();
  report_.skipped.clear();
  for (const FolderRecord& record : records.all()) {
    const store::FolderInfo& info = record.info;
    if (info.completeness == FolderCompleteness::kContainer) continue;
    const std::string shown = filter_.shown(info);
    report_.receipts.push_back({shown, info.uid_validity, record.receipt});
    if (!info.trouble.empty()) report_.skipped.push_back({shown, std::nullopt, info.trouble});
    for (const store::SkippedMessage& message : info.skipped) {
      report_.skipped.push_back({shown, message.uid, message.reason});
    }
  }
}

}  // namespace backupd
