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

constexpr int kBetweenLooks = 300;  // milliseconds

bool is_answered(const base::Fd& connection) {
  pollfd answer{connection.get(), POLLIN, 0};
  return ::poll(&answer, 1, kBetweenLooks) > 0;
}

// What is waited for; nothing if the daemon says nothing of it, or is just ending.
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
  bool is_told = false;
  while (!is_answered(connection_)) {
    if (is_told && !line.is_due()) continue;
    const std::string work = work_of_daemon(store);
    if (work.empty()) continue;
    if (!is_told) base::log_info("{}: {}: waiting until it is done", command, work);
    is_told = true;
    line.show(fmt::format("waiting: {}", work));
  }
  // Whatever it is: a daemon that ended, or that is of another version, keeps nobody from the
  // store, and whoever holds it keeps its lock.
  std::array<char, 256> said{};
  static_cast<void>(::recv(connection_.get(), said.data(), said.size(), 0));
}

void leave_if_busy(const base::Environment& environment) {
  if (!JobProcess::is_this(environment)) return;
  static_cast<void>(
      store::lock_for_writing(store::location_of(environment.config.store), environment.files));
}

}  // namespace backupd
