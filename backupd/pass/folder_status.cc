#include "backupd/pass/folder_status.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include <fmt/core.h>

#include "base/clock.h"

namespace backupd {

namespace {

using store::FolderCompleteness;

std::vector<std::string> lasting_attributes(const imap::Folder& folder) {
  static constexpr std::array<std::string_view, 7> kOfTheMoment = {
      "\\Marked",     "\\Unmarked",    "\\HasChildren", "\\HasNoChildren",
      "\\Subscribed", "\\NoInferiors", "\\Recent"};
  std::vector<std::string> lasting;
  for (const std::string& attribute : folder.attributes) {
    imap::Folder probe;
    probe.attributes = {attribute};
    const bool is_momentary = std::any_of(kOfTheMoment.begin(), kOfTheMoment.end(),
                                          [&](auto name) { return probe.has_attribute(name); });
    if (!is_momentary) lasting.push_back(attribute);
  }
  std::sort(lasting.begin(), lasting.end());
  return lasting;
}

// A scan in the future was dated by a wrong clock.
bool was_scanned_lately(const store::FolderInfo& last, std::chrono::sys_seconds now) {
  return !base::is_in_future(last.last_full_scan, now) &&
         now - last.last_full_scan < kFullScanInterval;
}

}  // namespace

bool is_unchanged(const imap::Folder& folder, const store::FolderRecord& last,
                  std::chrono::sys_seconds now) {
  const store::FolderInfo& info = last.info;
  const bool is_at_rest = info.completeness == FolderCompleteness::kComplete &&
                          info.skipped.empty() && was_scanned_lately(info, now) &&
                          info.attributes == lasting_attributes(folder);
  if (!is_at_rest || !folder.status) return false;
  const imap::FolderStatus& status = *folder.status;
  return info.uid_validity != 0 && info.uid_next != 0 && info.highest_modseq != 0 &&
         status.uid_validity == info.uid_validity && status.uid_next == info.uid_next &&
         status.messages == last.receipt.messages && status.highest_modseq == info.highest_modseq &&
         (!status.size || *status.size == last.bytes);
}

bool differs_in_size_only(const imap::Folder& folder, const store::FolderRecord& last) {
  if (!folder.status || !folder.status->size || last.info.uid_validity == 0) return false;
  const imap::FolderStatus& status = *folder.status;
  return last.info.completeness == FolderCompleteness::kComplete && last.info.skipped.empty() &&
         status.uid_validity == last.info.uid_validity && status.uid_next == last.info.uid_next &&
         status.messages == last.receipt.messages && *status.size != last.bytes;
}

Beyond beyond(const imap::FolderStatus& status, const store::FolderRecord* last) {
  const bool is_known = last != nullptr && status.uid_validity == last->info.uid_validity;
  const auto more = [](std::uint64_t now, std::uint64_t known) {
    return now - std::min(now, known);
  };
  return {more(status.messages.value_or(0), is_known ? last->receipt.messages : 0),
          more(status.size.value_or(0), is_known ? last->bytes : 0),
          status.size.has_value() || status.messages == 0U};
}

std::string change_of(const imap::Folder& folder, const store::FolderRecord& record) {
  if (!folder.status) return {};
  const imap::FolderStatus& status = *folder.status;
  const store::FolderInfo& info = record.info;
  const auto change = [](const char* what, std::uint64_t before, std::uint64_t now) {
    return fmt::format("{} was {}, then {}", what, before, now);
  };
  if (status.uid_validity && info.uid_validity != 0 && *status.uid_validity != info.uid_validity) {
    return change("UIDVALIDITY", info.uid_validity, *status.uid_validity);
  }
  if (status.uid_next && info.uid_next != 0 && *status.uid_next != info.uid_next) {
    return change("UIDNEXT", info.uid_next, *status.uid_next);
  }
  const std::uint64_t messages = record.receipt.messages + info.skipped.size();
  if (status.messages && *status.messages != messages) {
    return change("the number of messages", messages, *status.messages);
  }
  if (status.highest_modseq && info.highest_modseq != 0 &&
      *status.highest_modseq != info.highest_modseq) {
    return change("HIGHESTMODSEQ", info.highest_modseq, *status.highest_modseq);
  }
  return {};
}

bool agrees(const imap::FolderStatus& status, const store::FolderRecord& record) {
  const store::FolderInfo& info = record.info;
  return info.completeness == FolderCompleteness::kComplete && info.skipped.empty() &&
         info.uid_validity != 0 && info.uid_next != 0 && status.uid_validity == info.uid_validity &&
         status.uid_next == info.uid_next && status.messages == record.receipt.messages;
}

bool is_settled(const imap::Folder& folder, const store::FolderRecord& record) {
  return record.info.completeness == FolderCompleteness::kComplete &&
         change_of(folder, record).empty();
}

bool is_scan_due(const store::FolderInfo& last, std::chrono::sys_seconds now) {
  return last.highest_modseq == 0 || !was_scanned_lately(last, now);
}

bool needs_full_scan(const store::FolderInfo& last, const imap::OpenFolder& open,
                     std::chrono::sys_seconds now) {
  return is_scan_due(last, now) || !open.highest_modseq ||
         *open.highest_modseq < last.highest_modseq;
}

void set_listed(store::FolderInfo& info, const imap::Folder& folder) {
  info.raw_name = folder.raw_name;
  info.delimiter = folder.delimiter.value_or('\0');
  info.attributes = lasting_attributes(folder);
}

}  // namespace backupd
