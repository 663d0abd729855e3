#include "store/copies/copy_guard.h"

#include <algorithm>
#include <cstdint>

#include <fmt/format.h>

#include "base/terminal.h"

namespace store {

namespace {

constexpr std::size_t kMaxNamedAccounts = 3;

// The highest sequence of each account's backups. A rescue that is dropped has expired.
std::map<std::string, std::uint64_t> newest_backups(const LivingSnapshots& living) {
  std::map<std::string, std::uint64_t> newest;
  for (const auto& [id, line] : living) {
    if (line.kind != SnapshotKind::kBackup) continue;
    std::uint64_t& highest = newest[line.account];
    highest = std::max(highest, line.sequence);
  }
  return newest;
}

std::string describe_accounts(const std::vector<std::string>& accounts) {
  std::vector<std::string> named;
  for (std::size_t at = 0; at < std::min(accounts.size(), kMaxNamedAccounts); ++at) {
    named.push_back(base::escape_for_terminal(accounts[at]));
  }
  std::string text = fmt::format("{}", fmt::join(named, ", "));
  if (accounts.size() > named.size()) {
    text += fmt::format(" and {} more", accounts.size() - named.size());
  }
  return text;
}

}  // namespace

std::vector<std::string> reasons_to_hold(const LivingSnapshots& before,
                                         const LivingSnapshots& after) {
  std::vector<std::string> reasons;
  const auto dropped = static_cast<std::size_t>(std::ranges::count_if(
      before, [&](const auto& snapshot) { return !after.contains(snapshot.first); }));
  if (dropped >= kManyDropped && dropped * 100 >= before.size() * kManyDroppedPercent) {
    reasons.push_back(
        fmt::format("it drops {} of the {} snapshots of the copy", dropped, before.size()));
  }
  const std::map<std::string, std::uint64_t> left = newest_backups(after);
  std::vector<std::string> accounts;
  for (const auto& [account, sequence] : newest_backups(before)) {
    const auto found = left.find(account);
    if (found == left.end() || found->second < sequence) accounts.push_back(account);
  }
  if (!accounts.empty()) {
    reasons.push_back(fmt::format("it drops the newest backup of {}", describe_accounts(accounts)));
  }
  return reasons;
}

}  // namespace store
