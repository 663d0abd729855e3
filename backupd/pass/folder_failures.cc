#include "backupd/pass/folder_failures.h"

#include <algorithm>

namespace backupd {

namespace {

constexpr std::string_view kLost = "the connection was lost over this folder each time: ";
constexpr std::string_view kEnded = "the backup of the account ended over this folder: ";

}  // namespace

void FolderFailures::remember(const store::FolderInfo& last) {
  if (last.completeness != store::FolderCompleteness::kUnreadable) return;
  for (const std::string_view beginning : {kLost, kEnded}) {
    if (!last.trouble.starts_with(beginning)) continue;
    folders_[last.raw_name] = {1, beginning, last.trouble.substr(beginning.size())};
  }
}

void FolderFailures::add(std::string_view raw_name, bool has_progress, std::string_view why) {
  Failure& failure = folders_[std::string(raw_name)];
  failure.times += has_progress ? 0 : 1;
  failure.beginning = kLost;
  failure.why = why;
}

void FolderFailures::add_end(std::string_view raw_name, std::string_view why) {
  folders_[std::string(raw_name)] = {kTooOften, kEnded, std::string(why)};
}

std::vector<imap::Folder> FolderFailures::late_ones_last(
    const std::vector<imap::Folder>& folders) const {
  std::vector<imap::Folder> ordered = folders;
  std::ranges::stable_partition(
      ordered, [this](const imap::Folder& folder) { return !is_late(folder.raw_name); });
  return ordered;
}

std::string FolderFailures::reason(std::string_view raw_name) const {
  const auto found = folders_.find(raw_name);
  if (found == folders_.end() || found->second.times < kTooOften) return {};
  return std::string(found->second.beginning) + found->second.why;
}

std::size_t FolderFailures::given_up() const {
  return static_cast<std::size_t>(std::ranges::count_if(
      folders_, [](const auto& folder) { return folder.second.times >= kTooOften; }));
}

}  // namespace backupd
