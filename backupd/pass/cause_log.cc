#include "backupd/pass/cause_log.h"

#include <fmt/core.h>

#include "base/log.h"
#include "base/terminal.h"

namespace backupd {

void CauseLog::report(const AccountNames& account, std::string_view error) {
  const std::lock_guard lock(mutex_);
  if (errors_.admits(error, account)) {
    base::log_error("{}: {}", account.name, error);
  } else {
    base::log_debug("{}: {}", account.name, error);
  }
}

void CauseLog::warn(const AccountNames& account, std::string_view warning,
                    std::string_view addition) {
  const std::lock_guard lock(mutex_);
  FewOfEach& few = addition.empty() ? warnings_ : continued_;
  if (few.admits(warning, account)) {
    base::log_warning("{}: {}{}", account.name, warning, addition);
  } else {
    base::log_debug("{}: {}{}", account.name, warning, addition);
  }
}

void CauseLog::warn_of_folder(const AccountNames& account, std::string_view why) {
  warn(account, fmt::format("{}: {}", account.folder, why));
}

void CauseLog::finish() {
  const std::lock_guard lock(mutex_);
  if (errors_.left_out() > 0) {
    base::log_error("{} of accounts: {} with a cause named above, {} with others: {}",
                    base::format_count(errors_.left_out(), "more error"),
                    base::format_count(errors_.left_out_alike()),
                    base::format_count(errors_.left_out_others()), see_rest_);
  }
  if (const auto left_out = warnings_.left_out() + continued_.left_out(); left_out > 0) {
    base::log_warning("{} about accounts: --verbose logs each",
                      base::format_count(left_out, "more warning"));
  }
}

}  // namespace backupd
