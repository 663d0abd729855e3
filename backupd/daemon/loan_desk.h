// Lends the daemon's store to commands that need it exclusively: one holds it at a time, the others
// wait in a queue. While a command holds the store or waits for it, no job that needs it starts. A
// loan ends with its connection, and so also when the borrower dies.
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "backupd/daemon/control_socket.h"

namespace backupd {

class LoanDesk {
 public:
  // `command` names what the store is needed for. The caller is answered once the store is lent to
  // it.
  void request(base::Fd caller, std::string command, std::chrono::sys_seconds now);

  // Drops borrowers that have hung up, and lends the store to the first in the queue if `is_free`,
  // which means that no job holds the store or is about to.
  void update(bool is_free);

  bool is_empty() const { return queue_.empty(); }

  // The connections to watch for callers that hang up.
  std::vector<int> connections() const;

  // The queue as `status --json` shows it; the holder of the store comes first.
  nlohmann::ordered_json describe() const;

 private:
  struct Borrower {
    base::Fd caller;
    std::string command;
    std::chrono::sys_seconds since{};
    bool has_store = false;
  };

  std::vector<Borrower> queue_;
};

}  // namespace backupd
