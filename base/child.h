// A process that runs another program.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <sys/types.h>

namespace base {

struct ChildOptions {
  // Descriptors of this process, and the numbers that they have in the child. One without O_CLOEXEC
  // is inherited under its own number.
  std::vector<std::pair<int, int>> descriptors = {};
  // "NAME=value"; nullopt: this process's environment.
  std::optional<std::vector<std::string>> environment = std::nullopt;
  bool has_own_group = false;          // signal_group() reaches all its processes
  bool has_signals_unblocked = false;  // as a shell starts it; else it inherits the signal mask
};

class Child {
 public:
  // `command`: the program, looked up in PATH, and its arguments. Fails with kConfig, naming the
  // program (not its arguments, which may hold secrets), if it can't be started.
  explicit Child(const std::vector<std::string>& command, const ChildOptions& options = {});

  // A child of this process that another process has started for it.
  static Child with_pid(pid_t pid);

  pid_t pid() const { return pid_; }

  // The exit status, or 128 plus the number of the signal that ended it. Until one of them has
  // returned it, the process must be waited for, or it remains a zombie.
  int wait();
  std::optional<int> try_wait();  // nullopt: it still runs

  // Nothing happens if it has been waited for.
  void signal(int number) const;
  void signal_group(int number) const;  // with has_own_group

 private:
  Child() = default;

  pid_t pid_ = 0;
  std::optional<int> status_;
};

}  // namespace base
