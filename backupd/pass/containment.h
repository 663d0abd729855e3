// Decides whether an exception that was thrown while an account was handled ends only that account
// or the whole run.
#pragma once

#include <exception>
#include <mutex>
#include <optional>
#include <string>

#include "backupd/report/pass_report.h"
#include "base/error.h"
#include "store/writer.h"

namespace backupd {

struct AccountFailure {
  std::string reason;
  // Not set if memory ran out or the error is a defect: these are not the account's fault, and the
  // run ends as partly done.
  std::optional<base::ErrorCode> code;
};

// Returns why the account ends. The account's own data, its server's answers and defects over them,
// std::bad_alloc included, end that account. Rethrows what ends the run: stop requests, errors of
// the store or this machine (kIo, kNoSpace, kKey, kBusy), and whatever left the writer unusable.
AccountFailure contain(const std::exception_ptr& error, const store::Writer& writer);

// The same for what is thrown around an account's pass, without the turn at the store (`store`):
// the reason is then in `report`, which has the account's name. Works without free memory.
void end_account(const std::exception_ptr& error, const store::Writer& writer, std::mutex& store,
                 AccountReport& report);

}  // namespace backupd
