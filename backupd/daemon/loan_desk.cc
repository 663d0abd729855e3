#include "backupd/daemon/loan_desk.h"

#include <algorithm>
#include <utility>

#include <nlohmann/json.hpp>

#include "base/log.h"
#include "base/time_text.h"

namespace backupd {

void LoanDesk::request(base::Fd caller, std::string command, std::chrono::sys_seconds now) {
  queue_.push_back({std::move(caller), std::move(command), now});
}

void LoanDesk::update(bool is_free) {
  const auto gone = std::ranges::stable_partition(
      queue_, [](const Borrower& borrower) { return !has_hung_up(borrower.caller); });
  for (const Borrower& borrower : gone) {
    if (borrower.has_store) base::log_info("run: {} returned the store", borrower.command);
  }
  queue_.erase(gone.begin(), gone.end());
  if (!is_free || queue_.empty() || queue_.front().has_store) return;
  Borrower& first = queue_.front();
  first.has_store = true;
  base::log_info("run: the store is lent to {}, process {}", first.command,
                 process_of(first.caller));
  answer(first.caller, answer_text(LoanAnswer()));
}

std::vector<int> LoanDesk::connections() const {
  std::vector<int> all;
  all.reserve(queue_.size());
  for (const Borrower& borrower : queue_) all.push_back(borrower.caller.get());
  return all;
}

nlohmann::ordered_json LoanDesk::describe() const {
  auto list = nlohmann::ordered_json::array();
  for (const Borrower& borrower : queue_) {
    list.push_back({{"command", borrower.command},
                    {"process", process_of(borrower.caller)},
                    {"since", base::format_rfc3339(borrower.since)},
                    {"lent", borrower.has_store}});
  }
  return list;
}

}  // namespace backupd
