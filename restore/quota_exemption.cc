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

// A smaller rise is lost among other changes.
constexpr std::uint64_t kMinRiseKib = 1024;
constexpr std::uint64_t kMinRiseMessages = 100;

}  // namespace

QuotaFinding QuotaExemption::establish(const store::TreeRecord& record, store::TreeLevel& probe,
                                       const std::function<void()>& put) {
  if (server_.quota == base::QuotaKind::kNone) {
    return prove_exempt(session_, server_.quota, probe, put);  // asks the server nothing
  }
  const bool is_cyrus = server_.quota == base::QuotaKind::kCyrus || server_.quota_admin;
  std::string trouble;
  if (is_cyrus && !quota_uses(session_, probe.raw_name).empty())
    trouble = exempt_first_level(record);
  QuotaFinding finding = prove_exempt(session_, server_.quota, probe, put);
  const bool may_ask = server_.quota == base::QuotaKind::kAuto && !is_cyrus && server_.admin;
  if (finding.exempt == false && may_ask) {
    trouble = exempt_first_level(record);
    if (trouble.empty()) finding = prove_exempt(session_, server_.quota, probe, put);
  }
  if (finding.exempt != true && !trouble.empty() && is_cyrus) {
    finding.proof += "; no quota root could be created: " + trouble;
  }
  before_ = quota_uses(session_, probe.raw_name);
  missing_messages_ = plan_.counts.messages;
  missing_bytes_ = plan_.counts.bytes;
  for (const store::TreeLevel& level : record.levels) {
    if (&level == &probe) continue;
    for (const store::TreeMessage& message : level.messages) {
      missing_messages_ -= std::min<std::uint64_t>(missing_messages_, 1);
      missing_bytes_ -= std::min(missing_bytes_, message.size);
    }
  }
  return finding;
}

// Returns why it failed, or "".
std::string QuotaExemption::exempt_first_level(const store::TreeRecord& record) {
  const std::string& raw_name = plan_.levels.front();
  const auto level = std::find_if(record.levels.begin(), record.levels.end(),
                                  [&](const auto& known) { return known.raw_name == raw_name; });
  const bool is_ours = level != record.levels.end() && level->state == store::LevelState::kCreated;
  const std::optional<std::uint64_t> messages = is_ours ? 0 : foreign_messages(raw_name);
  if (!messages) {
    return fmt::format(
        "the server does not report whether {} holds messages of the user, which would move to "
        "that quota root: set restore.tree to another name",
        base::escape_for_terminal(raw_name));
  }
  if (*messages > 0) {
    return fmt::format(
        "{} holds {} of the user that would move to that quota root: set restore.tree to another "
        "name",
        base::escape_for_terminal(raw_name), base::format_count(*messages, "message"));
  }
  return make_quota_root(server_, account_, personal_, raw_name);
}

// Counts the messages in and below a folder that mailstow did not create. Returns nullopt if the
// server accepts STATUS for one of them and does not report their number.
std::optional<std::uint64_t> QuotaExemption::foreign_messages(const std::string& raw_name) {
  std::uint64_t messages = 0;
  const auto is_within = [&](const std::string& name, const std::string& top) {
    return name == top || name.starts_with(top + plan_.delimiter);
  };
  for (const imap::Folder& folder : session_.list(raw_name + "*")) {
    if (!is_within(folder.raw_name, raw_name) || is_within(folder.raw_name, plan_.tree_raw_name) ||
        !folder.can_be_opened()) {
      continue;
    }
    const imap::FolderStatus status = session_.status(folder.raw_name);
    if (!status.messages) return std::nullopt;
    messages += *status.messages;
  }
  return messages;
}

bool QuotaExemption::may_proceed(const QuotaFinding& finding, bool allow_quota) const {
  if (finding.exempt == true || server_.quota == base::QuotaKind::kNone) return true;
  return allow_quota && has_room(before_, missing_messages_, missing_bytes_);
}

void QuotaExemption::refuse(const QuotaFinding& finding, bool allow_quota) const {
  const std::string account = base::escape_for_terminal(account_.name);
  if (allow_quota) refuse_for_room(account, before_, missing_messages_, missing_bytes_);
  const std::string room = before_.empty() ? "" : " (" + shown_uses(before_) + ")";
  base::fail(base::ErrorCode::kCountsTowardsQuota,
             "restore: {}: tree {} {} count towards quota{}: {}: {}, or pass --allow-quota",
             account, base::escape_for_terminal(plan_.tree), finding.exempt ? "would" : "may", room,
             finding.proof, remedy());
}

std::string QuotaExemption::remedy() const {
  if (!session_.capabilities().has("QUOTA")) {
    return "if the server has no quotas, set \"quota\": \"none\" for it in the configuration";
  }
  if (server_.quota == base::QuotaKind::kCyrus || server_.quota_admin) {
    return "set quota_admin to a name in Cyrus's admins";
  }
  const std::size_t end = plan_.tree_raw_name.rfind(plan_.delimiter);
  if (end == std::string::npos || end + 1 == personal_.prefix.size()) {
    return "give restore.tree a folder above {timestamp}, for which a rule can be made";
  }
  return fmt::format(
      "add quota_rule2 = {0}:ignore and quota_rule3 = {0}{1}*:ignore to Dovecot, or set a "
      "quota_admin for a Cyrus server",
      base::escape_for_terminal(plan_.tree_raw_name.substr(0, end)), plan_.delimiter);
}

void QuotaExemption::compare_usage(QuotaFinding& finding) const {
  if (finding.exempt != true || before_.empty()) return;
  std::vector<QuotaUse> now;
  try {
    now = quota_uses(session_, plan_.tree_raw_name);
  } catch (const base::Error& error) {
    // The top of a tree may now be only a parent of folders. All mail is already restored.
    if (error.code() != base::ErrorCode::kRefused) throw;
    finding.proof += "; the usage after it is unknown: " + std::string(error.what());
    return;
  }
  if (now.empty()) {
    finding.proof += "; the server no longer reports the usage";
    return;
  }
  finding.proof +=
      fmt::format("; usage was {} before and {} after", shown_uses(before_), shown_uses(now));
  for (const QuotaUse& then : before_) {
    const auto use = std::find_if(now.begin(), now.end(), [&](const QuotaUse& other) {
      return other.root == then.root && other.resource == then.resource;
    });
    // Other mail comes and goes meanwhile: only a rise by the restored amount is significant.
    const std::uint64_t restored = needed_of(then.resource, missing_messages_, missing_bytes_);
    const std::uint64_t min_rise = then.resource == "STORAGE" ? kMinRiseKib : kMinRiseMessages;
    if (use == now.end() || restored < min_rise || use->usage < then.usage + restored / 10 * 9) {
      continue;
    }
    finding.exempt.reset();
    base::log_warning(
        "restore: {}: tree {}: usage rose by as much as was restored: check the server's quota "
        "rules",
        account_.name, plan_.tree);
    return;
  }
}

std::string shown_uses(const std::vector<QuotaUse>& uses) {
  std::string text;
  for (const QuotaUse& use : uses) {
    text += fmt::format("{}{} {} of {}{}", text.empty() ? "" : ", ",
                        base::escape_for_terminal(use.resource), use.usage, use.limit,
                        use.resource == "STORAGE" ? " KiB" : "");
  }
  return text;
}

void refuse_for_room(const std::string& account, const std::vector<QuotaUse>& uses,
                     std::uint64_t messages, std::uint64_t bytes) {
  base::fail(base::ErrorCode::kCountsTowardsQuota,
             "restore: {}: there is no room for {} of {} KiB within the quota ({}): raise it",
             account, base::format_count(messages, "message"), bytes / 1024, shown_uses(uses));
}

}  // namespace restore
