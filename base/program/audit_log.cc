#include "base/program/audit_log.h"

#include <cerrno>
#include <chrono>
#include <cstdint>
#include <cstring>
#include <thread>
#include <utility>

#include <fcntl.h>
#include <fmt/core.h>
#include <nlohmann/json.hpp>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/time.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>

#include "base/error.h"
#include "base/file_system.h"
#include "base/log.h"
#include "base/regular_file.h"
#include "base/time_text.h"

namespace base {

namespace {

// For some hundred lines.
constexpr std::int64_t kReserve = std::int64_t{128} * 1024;

// Whether the disk has more: a file system that can't fulfil a request may keep what there was. Of
// the room of a store's reserve that a prune has given up, this takes 3 % at most, and only once in
// some hundred lines: the prune keeps more than that for its commit.
bool has_room_to_reserve(const Fd& file) {
  struct statvfs disk {};
  if (::fstatvfs(file.get(), &disk) != 0) return false;
  const std::uint64_t free = std::uint64_t{disk.f_bavail} * disk.f_frsize;
  return free >= 2 * std::uint64_t{kReserve};
}

// Waits until no other process appends; the lock ends with the descriptor. Returns false if the
// file system has no locks, or another process keeps it.
bool lock_log(const Fd& file) {
  constexpr int kAttempts = 250;
  constexpr std::chrono::milliseconds kPause{20};
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    if (::flock(file.get(), LOCK_EX | LOCK_NB) == 0) return true;
    if (errno != EWOULDBLOCK && errno != EINTR) return false;
    std::this_thread::sleep_for(kPause);
  }
  return false;
}

// As a line does that a full disk cut off.
bool ends_within_line(const Fd& file, off_t size) {
  char last = '\n';
  return size > 0 && ::pread(file.get(), &last, 1, size - 1) == 1 && last != '\n';
}

// Where the file system can't do it, the next lines take what room there is.
void reserve_room(const Fd& file, bool is_locked) {
  constexpr off_t kStatBlock = 512;
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) return;
  const off_t before = status.st_blocks * kStatBlock;
  if (before >= status.st_size + kReserve / 2) return;
  if (!has_room_to_reserve(file)) return;
  const off_t wanted = status.st_size + kReserve;
  if (::fallocate(file.get(), FALLOC_FL_KEEP_SIZE, 0, wanted) == 0 || !is_locked) return;
  // It may have got a part, which is given back, but not what was reserved before.
  if (::ftruncate(file.get(), status.st_size) != 0 || before <= status.st_size) return;
  static_cast<void>(::fallocate(file.get(), FALLOC_FL_KEEP_SIZE, 0, before));
}

}  // namespace

AuditLog::AuditLog(const StoreConfig& store, Invoker invoker, const Clock& clock)
    : store_(store), invoker_(std::move(invoker)), clock_(clock) {}

void AuditLog::append(const AuditEntry& entry) const {
  if (!may_have_store()) return;
  using Json = nlohmann::ordered_json;
  Json line = {{"time", format_rfc3339(clock_.now_seconds())}, {"user", invoker_.user}};
  if (!invoker_.sudo_user.empty()) line["sudo_user"] = invoker_.sudo_user;
  if (entry.on_behalf) {
    line["person"] = entry.on_behalf->person;
    line["role"] = entry.on_behalf->role;
    line["client"] = entry.on_behalf->client;
  }
  line["program"] = entry.program;
  line["command"] = entry.command;
  if (!entry.account.empty()) line["account"] = entry.account;
  line["arguments"] = entry.arguments;
  if (entry.details != nullptr) line.update(*entry.details);
  // ASCII only, so that the line can't garble or colour a terminal.
  const std::string text = line.dump(-1, ' ', true, Json::error_handler_t::replace);
  try {
    write_to_file(text + "\n");
  } catch (const Error& error) {
    if (store_.audit_socket.empty()) {
      fail(error.code(),
           "{}: store.audit_log can name a file on another disk, store.audit_socket a second place "
           "such as /dev/log",
           error.what());
    }
    log_warning("{}: the line goes to {}", error.what(), store_.audit_socket.string());
    send_to_socket(entry.program, text);
  }
}

void AuditLog::reserve() const {
  if (!may_have_store()) return;
  try {
    const Fd file = open_file();
    reserve_room(file, lock_log(file));
  } catch (const Error& error) {
    if (!store_.audit_socket.empty()) return;
    log_warning("{}: until then, commands that look into mail are refused", error.what());
  }
}

// Before init, there is nothing to look into.
bool AuditLog::may_have_store() const {
  struct stat status {};
  return store_.s3 || ::stat(store_.path.c_str(), &status) == 0;
}

Fd AuditLog::open_file() const {
  make_directories(real_file_system(), store_.audit_log.parent_path());
  const auto open = [&](int access) {
    return open_regular_file("write the audit log", store_.audit_log, access | O_APPEND | O_CREAT);
  };
  try {
    return open(O_RDWR);
  } catch (const Error&) {
    return open(O_WRONLY);  // a file that this user must not read
  }
}

void AuditLog::write_to_file(const std::string& line) const {
  const std::string what = fmt::format("write the audit log {}", store_.audit_log.string());
  const Fd file = open_file();
  const bool is_locked = lock_log(file);
  struct stat before {};
  if (::fstat(file.get(), &before) != 0) fail_with_errno(errno, what);
  const std::string text = ends_within_line(file, before.st_size) ? "\n" + line : line;
  const ssize_t written = ::write(file.get(), text.data(), text.size());
  // A partly written line means that the disk is full.
  const int error = written < 0 ? errno : ENOSPC;
  if (written != static_cast<ssize_t>(text.size())) {
    if (written > 0 && is_locked && ::ftruncate(file.get(), before.st_size) != 0) {
      log_debug("{}: a part of the line stays; the next one begins at a new line", what);
    }
    fail_with_errno(error, what);
  }
  if (::fsync(file.get()) != 0) fail_with_errno(errno, what);
  reserve_room(file, is_locked);
}

void AuditLog::send_to_socket(std::string_view program, const std::string& line) const {
  const std::string what = fmt::format("send the audit line to {}", store_.audit_socket.string());
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string& path = store_.audit_socket.native();
  if (path.size() >= sizeof address.sun_path) fail_with_errno(ENAMETOOLONG, what);
  std::memcpy(address.sun_path, path.data(), path.size());
  const Fd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (!socket) fail_with_errno(errno, what);
  const timeval patience{.tv_sec = 5, .tv_usec = 0};
  ::setsockopt(socket.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    fail_with_errno(errno, what);
  }
  const std::string message = fmt::format("<{}>{}: {}", LOG_AUTHPRIV | LOG_NOTICE, program, line);
  const ssize_t sent = ::send(socket.get(), message.data(), message.size(), MSG_NOSIGNAL);
  if (sent != static_cast<ssize_t>(message.size())) {
    fail_with_errno(sent < 0 ? errno : EMSGSIZE, what);
  }
}

}  // namespace base
