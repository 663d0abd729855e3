#include "base/error.h"

#include <cerrno>

#include <gtest/gtest.h>

#include "tests/expect_error.h"

namespace base {
namespace {

TEST(ErrorTest, TheOperatingSystemsReasonComesWithWhatToDo) {
  EXPECT_ERROR(kNoSpace, "write x: No space left on device: free some space",
               fail_with_errno(ENOSPC, "write x"));
  EXPECT_ERROR(kIo,
               "open x: Permission denied: run it as root, or as the user that mailstow runs as",
               fail_with_errno(EACCES, "open x"));
  EXPECT_ERROR(kIo, "open x: No such file or directory", fail_with_errno(ENOENT, "open x"));
}

}  // namespace
}  // namespace base
