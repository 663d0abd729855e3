// The report of a program once its work is done.
#include <cerrno>
#include <cstdlib>
#include <new>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/error.h"
#include "base/program/program.h"

namespace base {
namespace {

constexpr int kStatusOfTheWork = 3;

[[noreturn]] void report_to(int descriptor) {
  ::dup2(descriptor, STDOUT_FILENO);
  print_report("All was done.\n");
  std::_Exit(kStatusOfTheWork);
}

TEST(ReportTest, AFullDiskIsNoFailureOfTheWork) {
  EXPECT_EXIT(report_to(::open("/dev/full", O_WRONLY)), testing::ExitedWithCode(kStatusOfTheWork),
              "the work is done, but the report was not printed: write to standard output: No "
              "space left on device\n");
}

[[noreturn]] void report_to_a_closed_pipe() {
  int ends[] = {-1, -1};
  if (::pipe(ends) != 0) std::_Exit(1);
  ::close(ends[0]);
  report_to(ends[1]);
}

TEST(ReportTest, AClosedPipeIsNoFailureOfTheWorkAndEndsNoProgram) {
  EXPECT_EXIT(report_to_a_closed_pipe(), testing::ExitedWithCode(kStatusOfTheWork),
              "the report was not printed: .*Broken pipe");
}

TEST(ReportTest, AResultThatIsNotDeliveredIsAFailure) {
  EXPECT_EXIT(
      {
        ::dup2(::open("/dev/full", O_WRONLY), STDOUT_FILENO);
        const ExitStatus status = run_guarded("program", OutputFormat::kText, [] {
          print_result("What was asked for.\n");
          return ExitStatus::kDone;
        });
        std::_Exit(static_cast<int>(status));
      },
      testing::ExitedWithCode(1), "write to standard output: No space left on device");
}

TEST(ReportTest, AFailedAllocationIsNoDefect) {
  EXPECT_EXIT(
      {
        const ExitStatus status = run_guarded("program", OutputFormat::kText,
                                              []() -> ExitStatus { throw std::bad_alloc(); });
        std::_Exit(static_cast<int>(status));
      },
      testing::ExitedWithCode(1), "there is not enough memory");
}

TEST(ReportTest, TheAdviceToRunItAgainIsLeftOut) {
  try {
    fail_with_errno(ENOSPC, "write file");
  } catch (const Error& error) {
    EXPECT_STREQ(error.what(),
                 "write file: No space left on device: free some space there and run it again");
    EXPECT_EQ(without_run_again(error.what()), "write file: No space left on device");
  }
  EXPECT_EQ(without_run_again("other"), "other");
}

}  // namespace
}  // namespace base
