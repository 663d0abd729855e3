// Starts other programs, waits for them, and ends them by process id.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include "base/file_system.h"

namespace servers {

struct ProcessResult {
  int status = 0;  // the exit status, or 128 + the signal that ended it
  std::string out;
  std::string err;
};

// Runs a program to its end. `arguments` begins with the program, looked up in PATH. Fails if it
// can't be started.
ProcessResult run_program(const std::vector<std::string>& arguments, std::string_view input = {});

// Like run_program, but fails with its stderr unless the program succeeds.
std::string output_of(const std::vector<std::string>& arguments);

struct Account {
  uid_t uid = 0;
  gid_t gid = 0;
};

// A program that runs beside the test, with its children in a process group of its own. It is ended
// with the thread that started it, should that die first.
class Process {
 public:
  // Runs as `account` (root may choose; others pass themselves), in the folder `/`, with stdout and
  // stderr appended to `log`.
  Process(const std::vector<std::string>& arguments, const std::vector<std::string>& environment,
          Account account, const base::Path& log);
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  ~Process();

  pid_t pid() const { return pid_; }

  // False once it has ended.
  bool is_running();

  // Sends SIGTERM to it and its children, and SIGKILL if they take longer than `patience`. All have
  // ended on return.
  void end(std::chrono::milliseconds patience);

  // The children of the program that are called `name`.
  std::vector<pid_t> children(std::string_view name) const;
  bool has_child(pid_t pid) const;  // living

 private:
  pid_t pid_ = -1;
  bool has_ended_ = false;
};

}  // namespace servers
