#include "backupd/pass/folder_failures.h"

#include <algorithm>

namespace backupd {

namespace {

constexpr std::string_view kBeginning = "the connection was lost over this folder each time: ";

}  // namespace

void FolderFailures::remember(const store::FolderInfo& last) {
  const bool was_given_up = last.completeness == store::FolderCompleteness::kUnreadable &&
                            last.trouble.starts_with(kBeginning);
  if (was_given_up) folders_[last.raw_name] = {1, last.trouble.substr(kBeginning.size())};
}

void FolderFailures::add(std::string_view raw_name, bool has_progress, std::string_view why) {
  Failure& failure = folders_[std::string(raw_name)];
  failure.times += has_progress ? 0 : 1;
  failure.why = why;
}

std::string FolderFailures::reason(std::string_view raw_name) const {
  const auto found = folders_.find(raw_name);
  if (found == folders_.end() || found->second.times < kTooOften) return {};
  return std::string(kBeginning) + found->second.why;
}

std::size_t FolderFailures::given_up() const {
  return static_cast<std::size_t>(std::ranges::count_if(
      folders_, [](const auto& folder) { return folder.second.times >= kTooOften; }));
}

}  // namespace backupd
