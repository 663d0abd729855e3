#include "base/process.h"

#include <chrono>

#include "tests/expect_error.h"

namespace base {
namespace {

TEST(ProcessTest, ReturnsTheOutputOfTheCommand) {
  EXPECT_EQ(output_of({"printf", "a b\\nc"}, 100), "a b\nc");
}

TEST(ProcessTest, PassesArgumentsWithoutAShell) {
  EXPECT_EQ(output_of({"printf", "%s", "$(false); *"}, 100), "$(false); *");
}

TEST(ProcessTest, AFailureNamesTheCommandAndNotItsArguments) {
  EXPECT_ERROR(kConfig, "/no/such/program: No such file", output_of({"/no/such/program"}, 100));
  EXPECT_ERROR(kConfig, "run command false: it failed", output_of({"false", "hunter2"}, 100));
  EXPECT_ERROR(kConfig, "more than 10 bytes", output_of({"yes"}, 10));
}

TEST(ProcessTest, ReturnsTheExitStatusOrSignal) {
  EXPECT_EQ(status_of({"true"}), 0);
  EXPECT_EQ(status_of({"sh", "-c", "echo out; exit 5"}), 5);
  EXPECT_EQ(status_of({"sh", "-c", "kill -KILL $$"}), 128 + 9);
  EXPECT_ERROR(kConfig, "/no/such/program: No such file", status_of({"/no/such/program"}));
}

TEST(ProcessTest, ReturnsTheOutputOfAFailedCommandToo) {
  const ProgramOutput output = run_for_output({"sh", "-c", "echo some; exit 3"}, 100);
  EXPECT_EQ(output.status, 3);
  EXPECT_EQ(output.out, "some\n");
  EXPECT_EQ(run_for_output({"sh", "-c", "echo why >&2"}, 100, Stderr::kCaptured).out, "why\n");
}

TEST(ProcessTest, ACommandThatDoesNotEndInTimeIsKilled) {
  constexpr std::chrono::seconds kTimeout{1};
  EXPECT_EQ(output_of({"echo", "in time"}, 100, std::chrono::seconds(60)), "in time\n");
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_ERROR(kConfig, "run command sh: it did not end within 1 s",
               output_of({"sh", "-c", "echo some; sleep 60"}, 100, kTimeout));
  EXPECT_ERROR(kConfig, "run command sh: it did not end within 1 s",
               output_of({"sh", "-c", "exec >&-; sleep 60"}, 100, kTimeout));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(30));
}

TEST(ProcessTest, FindsAProgramInItsOwnDirectory) {
  EXPECT_TRUE(sibling_program("base_test").ends_with("/base_test"));
  EXPECT_EQ(sibling_program("no-such-program"), "no-such-program");
}

}  // namespace
}  // namespace base
