// Content for other processes: complete, from its beginning, and as it was given.
#include "base/memory_file.h"

#include <string>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
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

TEST(MemoryFileTest, ContentMayArriveInPieces) {
  MemoryFileWriter writer("content");
  writer.append(as_bytes("one "));
  writer.append({});
  writer.append(as_bytes("two"));
  const Fd file = writer.finish();
  std::string read(100, ' ');
  read.resize(static_cast<std::size_t>(::read(file.get(), read.data(), read.size())));
  EXPECT_EQ(read, "one two");
}

TEST(MemoryFileTest, WhoGetsItCanNotChangeIt) {
  const Fd file = memory_file("content", as_bytes("content"));
  EXPECT_LT(::pwrite(file.get(), "x", 1, 0), 0);
  EXPECT_LT(::pwrite(file.get(), "x", 1, 7), 0);
  EXPECT_NE(::ftruncate(file.get(), 3), 0);
  EXPECT_NE(::ftruncate(file.get(), 1'000'000), 0);
  EXPECT_EQ(::mmap(nullptr, 7, PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0), MAP_FAILED);
}

}  // namespace
}  // namespace base
