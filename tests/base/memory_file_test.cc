#include "base/memory_file.h"

#include <string>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace base {
namespace {

TEST(MemoryFileTest, IsReadFromItsBeginning) {
  const std::string content = std::string(100'000, 'x') + "end";
  const Fd file = memory_file("content", as_bytes(content));
  std::string read(content.size() + 1, ' ');
  ASSERT_EQ(::read(file.get(), read.data(), read.size()), static_cast<ssize_t>(content.size()));
  EXPECT_EQ(read, content + " ");
}

TEST(MemoryFileTest, IsClosedOnExec) {
  const Fd file = memory_file("content", {});
  EXPECT_EQ(::fcntl(file.get(), F_GETFD), FD_CLOEXEC);
}

}  // namespace
}  // namespace base
