#include "base/exit_status.h"

#include <algorithm>
#include <array>

namespace base {

ExitStatus more_severe(ExitStatus a, ExitStatus b) {
  static constexpr std::array kGravestFirst = {
      ExitStatus::kUsage,       ExitStatus::kBusy,
      ExitStatus::kDamaged,     ExitStatus::kCountsTowardsQuota,
      ExitStatus::kNothingDone, ExitStatus::kPartial,
      ExitStatus::kDone};
  return *std::find_if(kGravestFirst.begin(), kGravestFirst.end(),
                       [&](ExitStatus status) { return status == a || status == b; });
}

ExitStatus exit_status(ErrorCode code) {
  switch (code) {
    case ErrorCode::kUsage:
    case ErrorCode::kConfig:
    case ErrorCode::kKey:
      return ExitStatus::kUsage;
    case ErrorCode::kBusy:
      return ExitStatus::kBusy;
    case ErrorCode::kDamaged:
      return ExitStatus::kDamaged;
    case ErrorCode::kCountsTowardsQuota:
      return ExitStatus::kCountsTowardsQuota;
    case ErrorCode::kNotFound:
    case ErrorCode::kLogin:
    case ErrorCode::kNetwork:
    case ErrorCode::kTls:
    case ErrorCode::kProtocol:
    case ErrorCode::kRefused:
    case ErrorCode::kIo:
    case ErrorCode::kNoSpace:
    case ErrorCode::kStorage:
    case ErrorCode::kInternal:
      return ExitStatus::kNothingDone;
  }
  return ExitStatus::kNothingDone;
}

}  // namespace base
