#include "base/program/pager.h"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>

#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/finally.h"
#include "base/program/program.h"

namespace base {

namespace {

bool fits_on_terminal(std::string_view text) {
  winsize size{};
  if (::isatty(STDOUT_FILENO) == 0 || ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0) return true;
  return std::count(text.begin(), text.end(), '\n') < size.ws_row;
}

// $PAGER is a shell command line, as for every program.
std::string pager() {
  const char* const named = std::getenv("PAGER");
  return named != nullptr ? named : "less";
}

}  // namespace

void print_paged(std::string_view text) {
  const std::string program = pager();
  if (program.empty() || program == "cat" || fits_on_terminal(text)) return print_result(text);
  ::setenv("LESS", "FRX", 0);
  ::setenv("LESSSECURE", "1", 1);
  // Users may quit the pager before everything is written.
  struct sigaction ignore {};
  ignore.sa_handler = SIG_IGN;
  struct sigaction before {};
  ::sigaction(SIGPIPE, &ignore, &before);
  const Finally restore([&] { ::sigaction(SIGPIPE, &before, nullptr); });
  std::FILE* const pipe = ::popen(program.c_str(), "we");
  if (pipe == nullptr) return print_result(text);
  // A short write is not an error: the user has quit the pager.
  static_cast<void>(std::fwrite(text.data(), 1, text.size(), pipe));
  const int status = ::pclose(pipe);
  constexpr int kNotFound = 127;  // the shell's
  if (WIFEXITED(status) && WEXITSTATUS(status) == kNotFound) print_result(text);
}

}  // namespace base
