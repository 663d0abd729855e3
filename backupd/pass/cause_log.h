// Logs what went wrong with accounts; a cause that many accounts share is logged once.
#pragma once

#include <mutex>
#include <string_view>

#include "backupd/report/cause_groups.h"
#include "backupd/report/kept_report.h"

namespace backupd {

// For several threads. It logs at most kMaxErrors and twice kMaxWarnings lines, whatever the texts
// are; the others are logged with --verbose only, and counted.
class CauseLog {
 public:
  static constexpr std::size_t kMaxErrors = 5;
  static constexpr std::size_t kMaxWarnings = 5;

  explicit CauseLog(BackupScope scope) : see_rest_(see_rest(scope)) {}

  // Logs "ACCOUNT: ERROR" the first time that the cause comes (backupd/report/cause_groups.h). The
  // report lists the accounts of each cause.
  void report(const AccountNames& account, std::string_view error);

  // The same for what does not end the account's backup, the first few times that the cause comes.
  // `addition`: ends the line, and may differ: it says what follows, such as another attempt. Those
  // with one have a bound of their own.
  void warn(const AccountNames& account, std::string_view warning, std::string_view addition = {});

  // The same for a folder that can't be read, the one that `account` names: "ACCOUNT: FOLDER: WHY".
  void warn_of_folder(const AccountNames& account, std::string_view why);

  // Logs how many lines were left out. To be called when the backup ends.
  void finish();

 private:
  std::string_view see_rest_;  // where the errors are that are left out
  std::mutex mutex_;           // guards the members below
  FewOfEach errors_{1, kMaxErrors};
  FewOfEach warnings_{FewOfEach::kMaxAlike, kMaxWarnings};
  FewOfEach continued_{FewOfEach::kMaxAlike, kMaxWarnings};  // warnings with an addition
};

}  // namespace backupd
