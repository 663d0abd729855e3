// What an account's pass records: its folders as they are, its snapshot, its report.
#include <algorithm>
#include <utility>

#include "backupd/pass/account_pass.h"
#include "base/log.h"
#include "base/terminal.h"
#include "imap/folder_name.h"
#include "store/format/limits.h"
#include "store/format/verified.h"

namespace backupd {

using store::FolderCompleteness;
using store::FolderRecord;

const FolderRecord* find_folder(const std::vector<FolderRecord>& records,
                                const std::string& raw_name) {
  const auto found = std::find_if(records.begin(), records.end(), [&](const FolderRecord& record) {
    return record.info.raw_name == raw_name;
  });
  return found == records.end() ? nullptr : &*found;
}

std::string AccountPass::shown(const store::FolderInfo& info) const {
  return imap::shown_folder_name(info.raw_name, info.delimiter, prefix_);
}

FolderRecord AccountPass::container(const imap::Folder& folder) {
  store::FolderInfo info;
  info.raw_name = folder.raw_name;
  info.delimiter = folder.delimiter.value_or('\0');
  info.attributes = lasting_attributes(folder);
  info.completeness = FolderCompleteness::kContainer;
  store::FolderDraft draft(std::move(info));
  return store_.writer.seal(draft);
}

FolderRecord AccountPass::unreadable(const imap::Folder& folder, const FolderRecord* last,
                                     const std::string& reason) {
  store::FolderInfo info;
  info.raw_name = folder.raw_name;
  info.delimiter = folder.delimiter.value_or('\0');
  info.attributes = lasting_attributes(folder);
  store::FolderDraft draft = last != nullptr ? store::FolderDraft(store_.writer.reader(), *last)
                                             : store::FolderDraft(std::move(info));
  draft.info().raw_name = folder.raw_name;
  draft.info().completeness = FolderCompleteness::kUnreadable;
  draft.info().trouble = short_reason(reason, store::kMaxReason);
  return store_.writer.seal(draft);
}

void AccountPass::park() {
  if (!has_news_) return;
  try {
    record_progress();
  } catch (const store::Unstorable& error) {
    // It may be another account's turn that this happens in. The account's own pass fails with it
    // when it comes to that.
    base::log_warning("{}: {}", account_.name, error.what());
  }
}

void AccountPass::record_progress() {
  Records records = current_;
  if (open_draft_ != nullptr) {
    records.push_back(store_.writer.seal(*open_draft_));
  } else if (in_progress_) {
    records.push_back(*in_progress_);
  }
  // Folders that were not reached yet are what they were.
  for (const FolderRecord& record : last_) {
    if (find_folder(records, record.info.raw_name) == nullptr) records.push_back(record);
  }
  add_snapshot(records, store::SnapshotStatus::kPartial);
}

void AccountPass::tell_what_is_parked() {
  if (parked_.empty()) return;
  const std::string what =
      fmt::format("the {} of a day (daily_bytes) are fetched: {} {} on tomorrow",
                  base::format_size(environment_.config.daily_bytes_of(account_).value_or(0)),
                  parked_.size(), parked_.size() == 1 ? "folder goes" : "folders go");
  base::log_info("{}: {}", account_.name, what);
  report_.error = what;
}

void AccountPass::add_snapshot(const Records& records, store::SnapshotStatus status) {
  if (daily_budget_->is_limited() && !daily_budget_->is_untouched()) {
    properties_.fetched = {daily_budget_->day(), daily_budget_->used()};
  }
  report_.snapshot = store_.writer.add_snapshot({.account = account_.name,
                                                 .time = started_,
                                                 .kind = store::SnapshotKind::kBackup,
                                                 .status = status,
                                                 .personal_prefix = prefix_,
                                                 .folders = records,
                                                 .properties = store::to_properties(properties_),
                                                 .vanished = vanished_});
  describe(records);
}

// With the folders that are no longer there, unless the configuration leaves them out now.
std::uint64_t AccountPass::count_vanished() {
  for (const FolderRecord& record : before_) {
    const store::FolderInfo& info = record.info;
    const bool is_there =
        std::any_of(current_.begin(), current_.end(), [&](const FolderRecord& current) {
          const bool have_ids = !info.mailbox_id.empty() && !current.info.mailbox_id.empty();
          return have_ids ? current.info.mailbox_id == info.mailbox_id
                          : current.info.raw_name == info.raw_name;
        });
    imap::Folder folder;
    folder.raw_name = info.raw_name;
    folder.delimiter = info.delimiter;
    if (!is_there && !is_left_out(folder)) departures_.all_left(store_.writer.reader(), record);
  }
  return departures_.vanished();
}

void AccountPass::describe(const Records& records) {
  report_.receipts.clear();
  report_.skipped.clear();
  for (const FolderRecord& record : records) {
    const store::FolderInfo& info = record.info;
    if (info.completeness == FolderCompleteness::kContainer) continue;
    report_.receipts.push_back({shown(info), info.uid_validity, record.receipt});
    if (!info.trouble.empty()) {
      report_.skipped.push_back({shown(info), std::nullopt, info.trouble});
    }
    for (const store::SkippedMessage& message : info.skipped) {
      report_.skipped.push_back({shown(info), message.uid, message.reason});
    }
  }
}

}  // namespace backupd
