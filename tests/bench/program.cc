#include "tests/bench/program.h"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/child.h"
#include "base/handle.h"
#include "base/process.h"
#include "tests/bench/bench_store.h"

namespace bench {

namespace {

double seconds_of(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

}  // namespace

Ran run(const std::vector<std::string>& command, const base::Path& output) {
  forget_peak();  // a program's begins with that of the process that starts it
  const Stopwatch watch;
  const base::Fd report(::open(output.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600));
  const base::Child child(
      command, {.descriptors = {{report.get(), STDOUT_FILENO}, {report.get(), STDERR_FILENO}}});
  int status = 0;
  rusage usage{};
  ::wait4(child.pid(), &status, 0, &usage);
  return {.seconds = watch.seconds(),
          .cpu_seconds = seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime),
          .peak_megabytes = static_cast<double>(usage.ru_maxrss) / 1024,
          .succeeded = WIFEXITED(status) && WEXITSTATUS(status) == 0};
}

bool is_installed(const std::string& program) {
  const bool is_there = base::status_of({"sh", "-c", "command -v " + program}) == 0;
  if (!is_there) fmt::print("{}: not installed\n", program);
  return is_there;
}

}  // namespace bench
