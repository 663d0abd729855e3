#include "base/supervised_command.h"

#include <fstream>
#include <thread>

#include <gtest/gtest.h>

#include "tests/temporary_directory.h"
#include "tests/text_of.h"

namespace base {
namespace {

TEST(SupervisedCommandTest, ATimeoutKillsItsChildrenToo) {
  const tests::TemporaryDirectory directory;
  const std::string file = (directory.path() / "pid").string();
  EXPECT_EQ(run_supervised({.command = {"sh", "-c", "sleep 60 & echo $! >\"$1\"; wait", "x", file},
                            .environment = {},
                            .input = {},
                            .timeout = std::chrono::seconds(2)}),
            std::nullopt);
  pid_t pid = 0;
  std::ifstream(file) >> pid;
  ASSERT_GT(pid, 0);
  const auto is_running = [&] {  // a zombie is not
    const std::string state = tests::text_of("/proc/" + std::to_string(pid) + "/stat");
    return !state.empty() && state.find(") Z") == std::string::npos;
  };
  for (int attempt = 0; attempt < 500 && is_running(); ++attempt) {
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
