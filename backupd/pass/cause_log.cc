#include "backupd/pass/cause_log.h"

#include "base/log.h"

namespace backupd {

void CauseLog::report(const std::string& account, const std::string& error) {
  const std::lock_guard lock(mutex_);
  if (reported_.insert(error).second) {
    base::log_error("{}: {}", account, error);
  } else {
    base::log_debug("{}: {}", account, error);
  }
}

}  // namespace backupd
