#include "base/error.h"

#include <cerrno>
#include <system_error>

namespace base {

void fail_with_errno(int error, const std::string& operation_and_object) {
  const std::string cause = std::generic_category().message(error);
  if (error == ENOSPC || error == EDQUOT) {
    fail(ErrorCode::kNoSpace, "{}: {}: free some space there and run it again",
         operation_and_object, cause);
  }
  fail(ErrorCode::kIo, "{}: {}", operation_and_object, cause);
}

}  // namespace base
