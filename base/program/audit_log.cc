#include "base/program/audit_log.h"

#include <cerrno>
#include <utility>

#include <fcntl.h>
#include <fmt/core.h>
#include <nlohmann/json.hpp>
#include <sys/stat.h>

#include "base/error.h"
#include "base/file_system.h"
#include "base/regular_file.h"
#include "base/time_text.h"

namespace base {

AuditLog::AuditLog(const StoreConfig& store, Invoker invoker, const Clock& clock)
    : store_(store), invoker_(std::move(invoker)), clock_(clock) {}

void AuditLog::append(const AuditEntry& entry) const {
  struct stat status {};
  if (::stat(store_.path.c_str(), &status) != 0) return;
  using Json = nlohmann::ordered_json;
  Json line = {{"time", format_rfc3339(clock_.now_seconds())}, {"user", invoker_.user}};
  if (!invoker_.sudo_user.empty()) line["sudo_user"] = invoker_.sudo_user;
  line["program"] = entry.program;
  line["command"] = entry.command;
  if (!entry.account.empty()) line["account"] = entry.account;
  line["arguments"] = entry.arguments;
  // ASCII only, so that the line can't garble or colour a terminal.
  const std::string text = line.dump(-1, ' ', true, Json::error_handler_t::replace) + "\n";

  const std::string what = fmt::format("write the audit log {}", store_.audit_log.string());
  make_directories(real_file_system(), store_.audit_log.parent_path());
  const Fd file =
      open_regular_file("write the audit log", store_.audit_log, O_WRONLY | O_APPEND | O_CREAT);
  const ssize_t written = ::write(file.get(), text.data(), text.size());
  // A partly written line means that the disk is full.
  if (written != static_cast<ssize_t>(text.size())) {
    fail_with_errno(written < 0 ? errno : ENOSPC, what);
  }
  if (::fsync(file.get()) != 0) fail_with_errno(errno, what);
}

}  // namespace base
