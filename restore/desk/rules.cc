#include "restore/desk/rules.h"

#include <algorithm>
#include <utility>

namespace desk {

namespace {

constexpr Access kNo = Access::kNever;
constexpr Access kYes = Access::kAlways;
constexpr Access kOwn = Access::kOwn;
constexpr Access kScope = Access::kScope;
constexpr Access kGrant = Access::kGrant;

constexpr FieldRule kAt{"at", Form::kSnapshot};
constexpr FieldRule kAfter{"after", Form::kText};
constexpr FieldRule kLimit{"limit", Form::kCount};
constexpr FieldRule kMessageId{"message", Form::kMessage, true};
constexpr FieldRule kTree{"tree", Form::kText, true};
constexpr FieldRule kJobId{"job", Form::kId, true};
constexpr FieldRule kGrantId{"grant", Form::kId, true};
constexpr FieldRule kSelected{"selection", Form::kSelection, true};

// Access: owner, helpdesk, operator, officer.
constexpr std::array kRules = {
    RequestRule{RequestKind::kLogin,
                "login",
                {kYes, kYes, kYes, kYes},
                {{{"name", Form::kName, true}, {"password", Form::kPassword}}}},
    RequestRule{
        RequestKind::kConfirm, "confirm", {kYes, kNo, kNo, kNo}, {{{"password", Form::kPassword}}}},
    RequestRule{RequestKind::kLogout, "logout", {kYes, kYes, kYes, kYes}},
    RequestRule{RequestKind::kMe, "me", {kYes, kYes, kYes, kYes}},
    RequestRule{RequestKind::kAccounts, "accounts", {kNo, kYes, kYes, kYes}, {{kAfter, kLimit}}},
    RequestRule{
        RequestKind::kSnapshots, "snapshots", {kOwn, kScope, kScope, kScope}, {{kAfter, kLimit}}},
    RequestRule{
        RequestKind::kFolders, "folders", {kOwn, kScope, kNo, kScope}, {{kAt, kAfter, kLimit}}},
    RequestRule{RequestKind::kMessages,
                "messages",
                {kOwn, kGrant, kNo, kGrant},
                {{{"folder", Form::kText, true}, kAt, kAfter, kLimit}}},
    RequestRule{RequestKind::kShow, "show", {kOwn, kGrant, kNo, kGrant}, {{kMessageId, kLimit}}},
    RequestRule{RequestKind::kRaw, "raw", {kOwn, kGrant, kNo, kGrant}, {{kMessageId}}},
    RequestRule{RequestKind::kSearch,
                "search",
                {kOwn, kGrant, kNo, kGrant},
                {{{"query", Form::kText, true}, kAt, kAfter, kLimit}}},
    // Without a grant, staff see bursts without their messages.
    RequestRule{RequestKind::kVanished,
                "vanished",
                {kOwn, kScope, kNo, kScope},
                {{{"since", Form::kSnapshot}, kAfter, kLimit, {"messages", Form::kCount}}}},
    RequestRule{RequestKind::kDiff,
                "diff",
                {kOwn, kGrant, kNo, kGrant},
                {{{"from", Form::kSnapshot, true}, {"to", Form::kSnapshot}, kAfter, kLimit}}},
    RequestRule{RequestKind::kPlan, "plan", {kOwn, kScope, kNo, kNo}, {{kSelected}}},
    RequestRule{RequestKind::kRestore,
                "restore",
                {kOwn, kScope, kNo, kNo},
                {{{"plan", Form::kId, true}, {"key", Form::kKey, true}}},
                true},
    RequestRule{RequestKind::kJob, "job", {kOwn, kScope, kNo, kNo}, {{kJobId}}},
    RequestRule{RequestKind::kJobs, "jobs", {kOwn, kScope, kNo, kNo}},
    RequestRule{RequestKind::kStop, "stop", {kOwn, kScope, kNo, kNo}, {{kJobId}}},
    RequestRule{RequestKind::kContinue, "continue", {kOwn, kScope, kNo, kNo}, {{kJobId}}, true},
    RequestRule{RequestKind::kTrees, "trees", {kOwn, kScope, kNo, kScope}, {{kAfter, kLimit}}},
    // A tree shows no folder of the mailbox.
    RequestRule{RequestKind::kAllTrees, "all-trees", {kNo, kYes, kYes, kYes}, {{kAfter, kLimit}}},
    RequestRule{RequestKind::kExtend,
                "extend",
                {kOwn, kScope, kNo, kNo},
                {{kTree, {"days", Form::kDays, true}}}},
    RequestRule{RequestKind::kExpire, "expire", {kOwn, kScope, kNo, kNo}, {{kTree}}},
    RequestRule{RequestKind::kPlanExport, "plan-export", {kOwn, kNo, kNo, kGrant}, {{kSelected}}},
    RequestRule{RequestKind::kExport, "export", {kOwn, kNo, kNo, kGrant}, {{kSelected}}, true},
    RequestRule{RequestKind::kAudit, "audit", {kOwn, kNo, kNo, kScope}, {{kLimit}}},
    // The help desk sees its own lines.
    RequestRule{RequestKind::kAuditLog,
                "audit-log",
                {kNo, kYes, kNo, kYes},
                {{{"person", Form::kName}, kAfter, kLimit}}},
    RequestRule{RequestKind::kConsent, "consent", {kOwn, kNo, kNo, kNo}},
    RequestRule{RequestKind::kAskGrant,
                "ask-grant",
                {kNo, kScope, kNo, kScope},
                {{{"reason", Form::kText, true}}}},
    RequestRule{RequestKind::kUseCode,
                "use-code",
                {kNo, kScope, kNo, kScope},
                {{{"code", Form::kCode, true}}}},
    RequestRule{RequestKind::kGrants, "grants", {kOwn, kYes, kNo, kYes}},
    RequestRule{RequestKind::kApprove,
                "approve",
                {kNo, kNo, kNo, kYes},
                {{kGrantId, {"covert", Form::kFlag}}}},
    RequestRule{RequestKind::kRevoke, "revoke", {kOwn, kNo, kNo, kYes}, {{kGrantId}}},
    RequestRule{RequestKind::kStatus, "status", {kNo, kYes, kYes, kYes}},
    RequestRule{
        RequestKind::kHistory, "history", {kNo, kNo, kYes, kYes}, {{{"days", Form::kCount}}}},
    RequestRule{RequestKind::kDaemonJobs, "daemon-jobs", {kNo, kNo, kYes, kYes}},
    RequestRule{
        RequestKind::kRunJob, "run-job", {kNo, kNo, kYes, kNo}, {{{"name", Form::kJobName, true}}}},
};

}  // namespace

std::span<const RequestRule> rules() {
  return kRules;
}

const RequestRule& rule_of(RequestKind kind) {
  return *std::ranges::find(kRules, kind, &RequestRule::kind);
}

const RequestRule* find_rule(std::string_view name) {
  const auto* const found = std::ranges::find(kRules, name, &RequestRule::name);
  return found == kRules.end() ? nullptr : found;
}

Access access_of(const RequestRule& rule, Role role) {
  return rule.access.at(static_cast<std::size_t>(role));
}

Role role_of(base::StaffRole role) {
  switch (role) {
    case base::StaffRole::kOfficer:
      return Role::kOfficer;
    case base::StaffRole::kOperator:
      return Role::kOperator;
    case base::StaffRole::kHelpdesk:
      break;
  }
  return Role::kHelpdesk;
}

std::string_view word_of(Role role) {
  constexpr std::array<std::string_view, 4> kWords = {"owner", "helpdesk", "operator", "officer"};
  return kWords.at(static_cast<std::size_t>(role));
}

}  // namespace desk
