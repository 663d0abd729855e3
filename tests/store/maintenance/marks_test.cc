#include "store/maintenance/marks.h"

#include <csignal>
#include <filesystem>

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/error.h"
#include "tests/temporary_directory.h"

namespace store {
namespace {

TEST(MarksTest, CountsTheObjectsOfAPack) {
  const tests::TemporaryDirectory directory;
  Marks marks(directory.path());
  const std::int64_t block = 7;
  EXPECT_TRUE(marks.add({.block = block, .start = 0, .length = 10}));
  EXPECT_TRUE(marks.add({.block = block, .start = 10, .length = 5}));
  EXPECT_FALSE(marks.add({.block = block, .start = 10, .length = 5}));
  EXPECT_EQ(marks.bytes_in(pack_of(block)), 15U);
  EXPECT_EQ(marks.objects_in(pack_of(block)), 2U);
}

// In a process of its own, in which files can't grow.
TEST(MarksTest, NoFileIsLeftOfMarksThatCouldNotBeMade) {
  const tests::TemporaryDirectory directory;
  const pid_t child = ::fork();
  if (child == 0) {
    static_cast<void>(std::signal(SIGXFSZ, SIG_IGN));
    const rlimit limit{.rlim_cur = 1'000, .rlim_max = 1'000};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    try {
      const Marks marks(directory.path());
    } catch (const base::Error&) {
      ::_exit(std::filesystem::is_empty(directory.path()) ? 0 : 1);
    }
    ::_exit(2);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0) << "1: a file is left; 2: it could be made";
}

}  // namespace
}  // namespace store
