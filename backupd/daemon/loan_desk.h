// The daemon's store, lent to commands that need it for themselves: one has it at a time, the
// others wait in line. While anybody has it or waits, no job that needs it starts. A loan ends with
// its connection, so also with the death of who asked.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "backupd/daemon/control_socket.h"

namespace backupd {

class LoanDesk {
 public:
  // `command`: what it is wanted for. The answer comes when the store is there.
  void ask(base::Fd caller, std::string command, std::chrono::sys_seconds now);

  // Notes who hung up, and lends the store to the first in line if `is_free`: no job has it, and
  // none is to have it.
  void look(bool is_free);

  bool is_empty() const { return line_.empty(); }

  // To be watched for their callers' hanging up.
  std::vector<int> connections() const;

  // The line as `status --json` shows it, who has the store first.
  nlohmann::ordered_json describe() const;

 private:
  struct Borrower {
    base::Fd caller;
    std::string command;
    std::chrono::sys_seconds since{};
    bool has_store = false;
  };

  std::vector<Borrower> line_;
};

}  // namespace backupd
