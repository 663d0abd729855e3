// Who may request what of the desk: one table, from which requests are parsed and checked.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/config/web_config.h"

namespace desk {

// The sockets: who stands behind each differs.
enum class Door {
  kSelf,   // users, who log in with the password of their mailbox
  kProxy,  // users whom a single sign-on proxy has identified
  kStaff,  // staff, whom a single sign-on proxy has identified
};

enum class RequestKind {
  kLogin,
  kConfirm,
  kLogout,
  kMe,
  kAccounts,
  kSnapshots,
  kFolders,
  kMessages,
  kShow,
  kRaw,
  kSearch,
  kVanished,
  kDiff,
  kPlan,
  kRestore,
  kJob,
  kJobs,
  kStop,
  kContinue,
  kTrees,
  kAllTrees,
  kExtend,
  kExpire,
  kPlanExport,
  kExport,
  kAudit,
  kAuditLog,
  kConsent,
  kAskGrant,
  kUseCode,
  kGrants,
  kApprove,
  kRevoke,
  kStatus,
  kHistory,
  kDaemonJobs,
  kRunJob,
};

enum class Role { kOwner, kHelpdesk, kOperator, kOfficer };

enum class Access {
  kNever,
  kAlways,  // about no account, or only about the person
  kOwn,     // the person's own account
  kScope,   // the accounts that the person's role covers
  kGrant,   // of these, one for which the person has a grant
};

// The form of a field's value (restore/desk/request.h).
enum class Form {
  kToken,      // 64 hexadecimal digits
  kId,         // 32 hexadecimal digits: a plan, a job, a grant
  kSnapshot,   // 64 hexadecimal digits: a whole id
  kMessage,    // the same
  kAddress,    // an IPv4 or IPv6 address
  kName,       // at most 255 bytes without control characters
  kPassword,   // at most 1,024 bytes without NUL, CR and LF
  kText,       // at most 8,192 bytes without NUL
  kKey,        // 16 to 64 letters, digits, - and _
  kCode,       // 8 letters and digits
  kCount,      // 1 to 1,000
  kDays,       // 1 to 90
  kFlag,       // true or false
  kJobName,    // one of the daemon's jobs: "backup"
  kSelection,  // an object
};

struct FieldRule {
  std::string_view name;
  Form form = Form::kText;
  bool is_required = false;
};

// Besides "request", "client" and, except for login, "session"; staff also give "account".
inline constexpr std::size_t kMaxFields = 4;

struct RequestRule {
  RequestKind kind;
  std::string_view name;
  std::array<Access, 4> access;  // by Role
  std::array<FieldRule, kMaxFields> fields = {};
  bool needs_recent_login = false;  // of an owner
};

std::span<const RequestRule> rules();
const RequestRule& rule_of(RequestKind kind);
const RequestRule* find_rule(std::string_view name);  // nullptr: there is no such request

Access access_of(const RequestRule& rule, Role role);

Role role_of(base::StaffRole role);
std::string_view word_of(Role role);  // "owner", "helpdesk", ...

}  // namespace desk
