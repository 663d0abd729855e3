#include "base/error.h"

#include <cerrno>
#include <system_error>

namespace base {

std::string_view error_word(ErrorCode code) {
  switch (code) {
    case ErrorCode::kUsage:
      return "usage";
    case ErrorCode::kConfig:
      return "config";
    case ErrorCode::kKey:
      return "key";
    case ErrorCode::kBusy:
      return "busy";
    case ErrorCode::kDamaged:
      return "damaged";
    case ErrorCode::kCountsTowardsQuota:
      return "counts_towards_quota";
    case ErrorCode::kNotFound:
      return "not_found";
    case ErrorCode::kLogin:
      return "login";
    case ErrorCode::kNetwork:
      return "network";
    case ErrorCode::kTls:
      return "tls";
    case ErrorCode::kProtocol:
      return "protocol";
    case ErrorCode::kRefused:
      return "refused";
    case ErrorCode::kIo:
      return "io";
    case ErrorCode::kNoSpace:
      return "no_space";
    case ErrorCode::kStorage:
      return "storage";
    case ErrorCode::kInternal:
      return "internal";
  }
  return "internal";
}

namespace {

constexpr std::string_view kRunAgain = ": free some space there and run it again";

}  // namespace

void fail_with_errno(int error, const std::string& operation_and_object) {
  const std::string cause = std::generic_category().message(error);
  if (error == ENOSPC || error == EDQUOT) {
    fail(ErrorCode::kNoSpace, "{}: {}{}", operation_and_object, cause, kRunAgain);
  }
  if (error == EACCES) {
    fail(ErrorCode::kIo, "{}: {}: run it as root, or as the user that mailstow runs as",
         operation_and_object, cause);
  }
  fail(ErrorCode::kIo, "{}: {}", operation_and_object, cause);
}

std::string without_run_again(std::string text) {
  const auto at = text.find(kRunAgain);
  if (at != std::string::npos) text.erase(at, kRunAgain.size());
  return text;
}

}  // namespace base
