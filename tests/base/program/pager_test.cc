#include "base/program/pager.h"

#include <cstdlib>
#include <string>

#include <gtest/gtest.h>
#include <pty.h>
#include <sys/wait.h>
#include <unistd.h>

namespace base {
namespace {

// The output of a terminal of ten lines on which `text` is printed.
std::string on_terminal(const std::string& text, const char* pager) {
  const winsize size{.ws_row = 10, .ws_col = 80, .ws_xpixel = 0, .ws_ypixel = 0};
  int terminal = -1;
  const pid_t child = ::forkpty(&terminal, nullptr, nullptr, &size);
  if (child == 0) {
    ::setenv("PAGER", pager, 1);
    print_paged(text);
    ::_exit(0);
  }
  std::string shown;
  char buffer[1024];
  for (ssize_t length = 0; (length = ::read(terminal, buffer, sizeof(buffer))) > 0;) {
    shown.append(buffer, static_cast<std::size_t>(length));
  }
  ::close(terminal);
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  std::erase(shown, '\r');
  return shown;
}

std::string lines(int count) {
  std::string text;
  for (int line = 0; line < count; ++line) text += "line\n";
  return text;
}

TEST(PagerTest, TextThatFitsIsNotPaged) {
  EXPECT_EQ(on_terminal(lines(9), "sed s/line/paged/"), lines(9));
}

TEST(PagerTest, TextThatDoesNotFitIsPaged) {
  const std::string shown = on_terminal(lines(10), "sed s/line/paged/");
  EXPECT_EQ(shown.find("line"), std::string::npos);
  EXPECT_NE(shown.find("paged\npaged"), std::string::npos);
}

TEST(PagerTest, WithoutAPagerEverythingIsWritten) {
  EXPECT_EQ(on_terminal(lines(50), ""), lines(50));
  EXPECT_EQ(on_terminal(lines(50), "cat"), lines(50));
  const std::string shown = on_terminal(lines(50), "/no/such/pager");
  EXPECT_NE(shown.find(lines(50)), std::string::npos);
}

TEST(PagerTest, QuittingThePagerEarlyIsNotAFailure) {
  EXPECT_EQ(on_terminal(lines(100'000), "head -n 1"), "line\n");
}

TEST(PagerTest, LessRunsWithoutItsShellEscape) {
  EXPECT_EQ(on_terminal(lines(20), "cat >/dev/null; echo $LESS $LESSSECURE"), "FRX 1\n");
}

}  // namespace
}  // namespace base
