// Logs the errors of accounts; a cause that many accounts share is logged once.
#pragma once

#include <mutex>
#include <set>
#include <string>

namespace backupd {

// For several threads.
class CauseLog {
 public:
  // Logs "ACCOUNT: ERROR" the first time that `error` comes; afterwards only with --verbose. The
  // report lists the accounts of each cause.
  void report(const std::string& account, const std::string& error);

 private:
  std::mutex mutex_;
  std::set<std::string> reported_;
};

}  // namespace backupd
