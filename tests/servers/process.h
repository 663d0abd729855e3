// Starts other programs, waits for them, and terminates them by process ID.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include <sys/types.h>

#include "base/file_system.h"

namespace servers {

struct ProcessResult {
  int status = 0;  // the exit status, or 128 + the terminating signal
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

// A program that runs in parallel with the test, with its children in its own process group. It is
// terminated if the thread that started it ends first.
class Process {
 public:
  // Runs as `account` (root may choose; others must pass their own), in the directory `/`, with
  // stdout and stderr appended to `log`.
  Process(const std::vector<std::string>& arguments, const std::vector<std::string>& environment,
          Account account, const base::Path& log);
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  ~Process();

  pid_t pid() const { return pid_; }

  // False once the program has ended.
  bool is_running();

  // Sends SIGTERM to the program and its children, and SIGKILL if they take longer than `patience`.
  // All have ended when it returns.
  void end(std::chrono::milliseconds patience);

  // The children of the program with the name `name`.
  std::vector<pid_t> children(std::string_view name) const;
  bool has_child(pid_t pid) const;  // and it is alive

 private:
  pid_t pid_ = -1;
  bool has_ended_ = false;
};

}  // namespace servers
