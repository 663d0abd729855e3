#include "restore/quota_exemption.h"

#include <algorithm>

#include <fmt/core.h>

#include "base/error.h"
#include "base/log.h"
#include "base/terminal.h"
#include "restore/quota_root.h"
#include "restore/tree_builder.h"

namespace restore {

namespace {

constexpr std::uint64_t kUnit = 1024;          // bytes: what STORAGE is counted in
constexpr std::uint64_t kTellingUnits = 1024;  // a smaller rise is lost in what else happens

std::uint64_t recorded_bytes(const store::TreeRecord& record) {
  std::uint64_t bytes = 0;
  for (const store::TreeLevel& level : record.levels) {
    for (const store::TreeMessage& message : level.messages) bytes += message.size;
  }
  return bytes;
}

}  // namespace

QuotaFinding QuotaExemption::establish(const store::TreeRecord& record, store::TreeLevel& probe) {
  const bool is_cyrus = server_.quota == base::QuotaConfig::kCyrus || server_.quota_admin;
  std::string trouble;
  if (is_cyrus && storage_use(session_, probe.raw_name)) trouble = exempt_first_level(record);
  QuotaFinding finding = prove_exempt(session_, server_.quota, probe);
  const bool may_ask = server_.quota == base::QuotaConfig::kAuto && !is_cyrus && server_.admin;
  if (finding.exempt == false && may_ask) {
    trouble = exempt_first_level(record);
    if (trouble.empty()) finding = prove_exempt(session_, server_.quota, probe);
  }
  if (finding.exempt != true && !trouble.empty() && is_cyrus) {
    finding.proof += "; no quota root could be made: " + trouble;
  }
  before_ = storage_use(session_, probe.raw_name);
  missing_bytes_ = plan_.bytes - std::min(plan_.bytes, recorded_bytes(record));
  return finding;
}

// Gives why not, or nothing.
std::string QuotaExemption::exempt_first_level(const store::TreeRecord& record) {
  const std::string& raw_name = plan_.levels.front();
  const auto level = std::find_if(record.levels.begin(), record.levels.end(),
                                  [&](const auto& known) { return known.raw_name == raw_name; });
  const bool is_ours = level != record.levels.end() && level->state == store::LevelState::kCreated;
  if (const std::uint64_t messages = is_ours ? 0 : foreign_messages(raw_name); messages > 0) {
    return fmt::format(
        "{} holds {} messages of the user's own, whose usage would move with it: "
        "set restore.tree to another name",
        base::escape_for_terminal(raw_name), messages);
  }
  return make_quota_root(server_, account_, personal_, raw_name);
}

// In a folder that mailstow did not create, and below it.
std::uint64_t QuotaExemption::foreign_messages(const std::string& raw_name) {
  std::uint64_t messages = 0;
  const auto is_within = [&](const std::string& name, const std::string& top) {
    return name == top || name.starts_with(top + plan_.delimiter);
  };
  for (const imap::Folder& folder : session_.list(raw_name + "*")) {
    if (!is_within(folder.raw_name, raw_name) || is_within(folder.raw_name, plan_.tree_raw_name) ||
        !folder.can_be_opened()) {
      continue;
    }
    messages += session_.status(folder.raw_name).messages.value_or(0);
  }
  return messages;
}

bool QuotaExemption::may_go_on(const QuotaFinding& finding, bool allow_quota) const {
  if (finding.exempt == true || server_.quota == base::QuotaConfig::kNone) return true;
  return allow_quota && (!before_ || before_->limit >= before_->usage + missing_bytes_ / kUnit + 1);
}

void QuotaExemption::refuse(const QuotaFinding& finding, bool allow_quota) const {
  const std::string account = base::escape_for_terminal(account_.name);
  const std::string room =
      before_ ? fmt::format(" (STORAGE {} of {} KiB)", before_->usage, before_->limit) : "";
  if (allow_quota) {
    base::fail(base::ErrorCode::kCountsTowardsQuota,
               "restore: {}: {} KiB do not fit into the quota{}: raise it", account,
               missing_bytes_ / kUnit, room);
  }
  base::fail(base::ErrorCode::kCountsTowardsQuota,
             "restore: {}: tree {} {} count towards quota{}: {}: {}, or pass --allow-quota",
             account, base::escape_for_terminal(plan_.tree), finding.exempt ? "would" : "may", room,
             finding.proof, what_to_do());
}

std::string QuotaExemption::what_to_do() const {
  if (!session_.capabilities().has("QUOTA")) {
    return "if it has no quotas, give it \"quota\": \"none\" in the configuration";
  }
  if (server_.quota == base::QuotaConfig::kCyrus || server_.quota_admin) {
    return "let quota_admin be a name in Cyrus's admins";
  }
  const std::string top = base::escape_for_terminal(plan_.tree.substr(0, plan_.tree.find('/')));
  return fmt::format(
      "add quota_rule2 = {0}:ignore and quota_rule3 = {0}{1}*:ignore to Dovecot, or give Cyrus's "
      "server a quota_admin",
      top, plan_.delimiter);
}

void QuotaExemption::compare_usage(QuotaFinding& finding) const {
  if (finding.exempt != true || !before_) return;
  const std::optional<StorageUse> now = storage_use(session_, plan_.tree_raw_name);
  if (!now) return;
  finding.proof +=
      fmt::format("; STORAGE was {} KiB before and {} KiB after", before_->usage, now->usage);
  // Other mail comes and goes meanwhile: only a rise by what was restored says something.
  const std::uint64_t restored = missing_bytes_ / kUnit;
  if (restored < kTellingUnits || now->usage < before_->usage + restored / 10 * 9) return;
  finding.exempt.reset();
  base::log_warning(
      "restore: {}: tree {}: usage rose by as much as was restored: look at the "
      "server's quota rules",
      account_.name, plan_.tree);
}

}  // namespace restore
