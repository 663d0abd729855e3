#include "backupd/daemon/store_loan.h"

#include <array>
#include <cerrno>

#include <fmt/core.h>
#include <nlohmann/json.hpp>
#include <poll.h>
#include <sys/socket.h>

#include "backupd/daemon/control_socket.h"
#include "backupd/daemon/daemon_status.h"
#include "backupd/daemon/job_process.h"
#include "base/error.h"
#include "base/log.h"
#include "base/program/progress_line.h"
#include "store/format/location.h"
#include "store/format/writer_lock.h"

namespace backupd {

namespace {

constexpr int kPollInterval = 300;  // milliseconds

bool is_answered(const base::Fd& connection) {
  pollfd answer{connection.get(), POLLIN, 0};
  return ::poll(&answer, 1, kPollInterval) > 0;
}

// The current work of the daemon; empty if it reports none, or is just ending.
std::string work_of_daemon(const base::StoreConfig& store) {
  try {
    const auto status = ask_about_daemon(store);
    return status ? describe_work(*status) : "";
  } catch (const base::Error& error) {
    base::log_debug("{}", error.what());
    return "";
  }
}

}  // namespace

StoreLoan::StoreLoan(const base::Environment& environment, std::string_view command) {
  if (JobProcess::is_this(environment)) return;
  const base::StoreConfig& store = environment.config.store;
  connection_ = call_daemon(store, LoanRequest{std::string(command)});
  if (!connection_) return;
  base::ProgressLine line(environment.clock);
  bool has_logged = false;
  while (!is_answered(connection_)) {
    if (has_logged && !line.is_due()) continue;
    const std::string work = work_of_daemon(store);
    if (work.empty()) continue;
    if (!has_logged) base::log_info("{}: {}: waiting until it is done", command, work);
    has_logged = true;
    line.show(fmt::format("waiting: {}", work));
  }
  // The content of the answer does not matter: a daemon that ended, or is of another version, must
  // not block this command, and the lock still protects the store.
  std::array<char, 256> received{};
  static_cast<void>(::recv(connection_.get(), received.data(), received.size(), 0));
}

void leave_if_busy(const base::Environment& environment) {
  if (!JobProcess::is_this(environment)) return;
  static_cast<void>(
      store::lock_for_writing(store::location_of(environment.config.store), environment.files));
}

}  // namespace backupd
