#include "base/core_dumps.h"

#include <array>
#include <string>

#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "base/file_system.h"
#include "base/memory_file.h"
#include "base/process.h"
#include "base/program/front.h"

namespace base {
namespace {

rlim_t core_limit() {
  rlimit limit{};
  EXPECT_EQ(0, ::getrlimit(RLIMIT_CORE, &limit));
  EXPECT_EQ(limit.rlim_cur, limit.rlim_max);
  return limit.rlim_max;
}

TEST(CoreDumpsTest, NeitherTheProcessNorItsChildrenLeaveOne) {
  prevent_core_dumps();
  EXPECT_EQ(0U, core_limit());
  EXPECT_EQ(kIsSanitized ? 1 : 0, ::prctl(PR_GET_DUMPABLE, 0, 0, 0, 0));
  EXPECT_EQ("0\n", output_of({"sh", "-c", "ulimit -H -c"}, 100));
}

// Both programs begin with it.
TEST(CoreDumpsTest, AProgramPreventsThemBeforeItReadsItsArguments) {
  ProgramDescription program;
  program.name = "mailstow-test";
  std::string name = program.name;
  std::string option = "--help";
  std::array<char*, 3> arguments = {name.data(), option.data(), nullptr};
  testing::internal::CaptureStdout();
  run_program(program, 2, arguments.data());
  testing::internal::GetCapturedStdout();
  EXPECT_EQ(0U, core_limit());
}

TEST(CoreDumpsTest, AProcessThatCannotBeDumpedStillReadsItsOwnDescriptors) {
  prevent_core_dumps();
  EXPECT_NE("", sibling_program("mailstow-restore"));
  const Fd file(memory_file("configuration", as_bytes("{}")));
  const Path path = "/proc/self/fd/" + std::to_string(file.get());
  EXPECT_EQ("{}", as_text(read_file(real_file_system(), path, 100, Links::kFollow).value()));
}

}  // namespace
}  // namespace base
