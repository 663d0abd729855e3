// Keeps a tree from counting towards its owner's quota: tests whether it counts, has the server
// exempt it if an administrator may do so over IMAP, and refuses otherwise.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/config/config.h"
#include "imap/session.h"
#include "restore/plan.h"
#include "restore/quota_proof.h"
#include "restore/restore_report.h"
#include "store/tree_record.h"

namespace restore {

class QuotaExemption {
 public:
  // All must outlive it. `personal` is the namespace that the tree is in.
  QuotaExemption(imap::Session& session, const base::ServerConfig& server,
                 const base::AccountConfig& account, const imap::Namespace& personal,
                 const Plan& plan)
      : session_(session), server_(server), account_(account), personal_(personal), plan_(plan) {}

  // Call before the first message. `record` has the levels that exist; `probe` is one of them, two
  // levels below the tree's first. `put` makes the record durable.
  QuotaFinding establish(const store::TreeRecord& record, store::TreeLevel& probe,
                         const std::function<void()>& put);

  // Whether the finding permits the restore: the tree is exempt, or the configuration says that the
  // server has no quota, or the tree counts, is allowed to and there is room.
  bool may_proceed(const QuotaFinding& finding, bool allow_quota) const;

  // Fails with kCountsTowardsQuota; the message names the setting to change.
  [[noreturn]] void refuse(const QuotaFinding& finding, bool allow_quota) const;

  // Call after the last message: the probe was one message at one moment; this covers all of them.
  void compare_usage(QuotaFinding& finding) const;

 private:
  std::string exempt_first_level(const store::TreeRecord& record);
  std::optional<std::uint64_t> foreign_messages(const std::string& raw_name);
  std::string remedy() const;

  imap::Session& session_;
  const base::ServerConfig& server_;
  const base::AccountConfig& account_;
  const imap::Namespace& personal_;
  const Plan& plan_;
  std::vector<QuotaUse> before_;  // at the probe's level
  // The part of the plan that no earlier run restored.
  std::uint64_t missing_messages_ = 0;
  std::uint64_t missing_bytes_ = 0;
};

// "STORAGE 812 of 1000 KiB, MESSAGE 7 of 10".
std::string shown_uses(const std::vector<QuotaUse>& uses);

// Fails with kCountsTowardsQuota: there is no room for this much mail. `account` must be escaped
// for display.
[[noreturn]] void refuse_for_room(const std::string& account, const std::vector<QuotaUse>& uses,
                                  std::uint64_t messages, std::uint64_t bytes);

}  // namespace restore
