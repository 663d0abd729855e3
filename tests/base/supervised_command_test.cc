#include "base/supervised_command.h"

#include <thread>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/handle.h"
#include "tests/temporary_directory.h"

namespace base {
namespace {

TEST(SupervisedCommandTest, ATimeoutKillsItsChildrenToo) {
  const tests::TemporaryDirectory directory;
  // The child holds one end of a pipe while it runs. It doesn't have to do anything before the
  // timeout, within which a busy machine may not even start it.
  const std::string pipe = (directory.path() / "pipe").string();
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  const Fd ours(::open(pipe.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC));
  ASSERT_TRUE(ours);
  EXPECT_EQ(run_supervised({.command = {"sh", "-c", "sleep 60 9>\"$1\" & wait", "x", pipe},
                            .environment = {},
                            .input = {},
                            .timeout = std::chrono::seconds(2)}),
            std::nullopt);
  const auto is_running = [&] {
    char byte = 0;
    return ::read(ours.get(), &byte, 1) != 0;  // 0: no process has the other end
  };
  for (int attempt = 0; attempt < 1'000 && is_running(); ++attempt) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  EXPECT_FALSE(is_running());
  EXPECT_EQ(run_supervised({.command = {"sh", "-c", "kill -9 $$"},
                            .environment = {},
                            .input = std::string(1'000'000, 'x'),
                            .timeout = std::chrono::seconds(20)}),
            137);
}

}  // namespace
}  // namespace base
