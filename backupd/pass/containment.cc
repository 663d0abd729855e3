#include "backupd/pass/containment.h"

#include <new>
#include <utility>

#include <fmt/core.h>

#include "backupd/pass/store_turn.h"
#include "base/log.h"
#include "base/stop_request.h"
#include "base/terminal.h"

namespace backupd {

namespace {

bool ends_run(base::ErrorCode code) {
  switch (code) {
    case base::ErrorCode::kIo:
    case base::ErrorCode::kNoSpace:
    case base::ErrorCode::kStorage:
    case base::ErrorCode::kKey:
    case base::ErrorCode::kBusy:
      return true;
    default:
      return false;
  }
}

}  // namespace

AccountFailure contain(const std::exception_ptr& error, const store::Writer& writer) {
  try {
    std::rethrow_exception(error);
  } catch (const base::Stopped&) {
    throw;
  } catch (const base::Error& failure) {
    if (ends_run(failure.code()) || !writer.is_usable()) throw;
    return {failure.what(), failure.code()};
  } catch (const std::bad_alloc&) {
    if (!writer.is_usable()) throw;
    return {
        "back up the account: there is not enough memory for what its server sent: other "
        "accounts are backed up; the next backup tries this one again",
        std::nullopt};
  } catch (const std::exception& failure) {
    if (!writer.is_usable()) throw;
    return {fmt::format("back up the account: {}: please report it",
                        base::escape_for_terminal(failure.what())),
            std::nullopt};
  } catch (...) {
    if (!writer.is_usable()) throw;
    return {"back up the account: an unknown error: please report it", std::nullopt};
  }
}

void end_account(const std::exception_ptr& error, const store::Writer& writer, std::mutex& store,
                 AccountReport& report) {
  const StoreTurn turn(store);
  std::string reason = "out of memory";  // so short that it needs no allocation
  try {
    AccountFailure failure = contain(error, writer);
    reason = std::move(failure.reason);
    report.error_code = failure.code;
    base::log_error("{}: {}", report.account, reason);
  } catch (const std::bad_alloc&) {
    if (!writer.is_usable()) throw;
  }
  report.status = report.snapshot ? PassStatus::kPartial : PassStatus::kFailed;
  report.error = std::move(reason);
}

}  // namespace backupd
