// The hidden command `fork-server`: the other half of restore/desk/fork_server.h.
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <filesystem>
#include <iterator>
#include <system_error>
#include <utility>

#include <sched.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/program/kept_configuration.h"
#include "restore/desk/desk_command.h"
#include "restore/desk/fork_server.h"
#include "restore/desk/passed_files.h"

namespace desk {

namespace {

// As the system's lists of processes show them; the kernel cuts names.
constexpr const char* kServerName = "fork-server";
constexpr const char* kChildName = "mailstow-restor";

constexpr int kNotBegun = 1;  // exit status

void check_socket() {
  int type = 0;
  socklen_t size = sizeof type;
  if (::getsockopt(kForkServerSocket, SOL_SOCKET, SO_TYPE, &type, &size) == 0 &&
      type == SOCK_SEQPACKET) {
    return;
  }
  base::fail(base::ErrorCode::kUsage, "fork-server: only the restore desk starts this command");
}

// A lock that another thread holds would stay locked in a fork.
bool has_one_thread() {
  std::error_code error;
  const std::filesystem::directory_iterator threads("/proc/self/task", error);
  return !error && std::distance(begin(threads), end(threads)) == 1;
}

// A fork whose parent is this process's parent, which can wait for it. The C library has no such
// call. fork() would do three things more. It calls handlers, by which some libraries notice that
// their random numbers must start afresh: those here that make any (OpenSSL, libsodium, SQLite)
// notice it by the number of the process or keep no state, and are first used in the child. It
// takes the locks that other threads may hold: there are no other threads. And it stores the number
// of the thread, which the library uses to tell threads of a process apart: the old number does as
// well, since no thread of the child gets it while this process has it.
pid_t fork_for_parent() {
  return static_cast<pid_t>(
      ::syscall(SYS_clone, CLONE_PARENT | SIGCHLD, nullptr, nullptr, nullptr, nullptr));
}

// Gives the files the numbers that an executed program would find them under, which closes the
// socket to the desk, and nothing else is open. The last file remains.
base::Fd take_places(std::vector<base::Fd> files) {
  static_assert(kForkServerSocket == kOnBehalfDescriptor);
  const std::array places = {STDIN_FILENO, STDOUT_FILENO, kOnBehalfDescriptor};
  for (std::size_t at = 0; at < places.size(); ++at) {
    if (::dup2(files[at].get(), places[at]) < 0) ::_exit(kNotBegun);
  }
  return std::move(files.back());
}

// Sends the number of this process, and waits until the desk has it.
void begin_child(const base::Fd& handshake) {
  const pid_t pid = ::getpid();
  if (::send(handshake.get(), &pid, sizeof pid, MSG_NOSIGNAL) != sizeof pid) ::_exit(kNotBegun);
  char go = 0;
  ssize_t got = -1;
  do {
    got = ::recv(handshake.get(), &go, sizeof go, 0);
  } while (got < 0 && errno == EINTR);
  if (got != sizeof go) ::_exit(kNotBegun);
}

[[noreturn]] void carry_out_child(std::vector<base::Fd> files, const base::Path& config_file,
                                  const RunForked& run, base::KeptConfiguration& kept) {
  ::setpgid(0, 0);
  ::prctl(PR_SET_NAME, kChildName);
  begin_child(take_places(std::move(files)));
  ::close_range(kOnBehalfDescriptor + 1, ~0U, 0);
  const int status = run(
      child_words(config_file, answer_words()),
      [&](const base::Path& file, base::OutputFormat format) { return kept.open(file, format); });
  static_cast<void>(std::fflush(nullptr));
  ::_exit(status);  // what the fork server has still to do at its end is not the child's
}

base::ExitStatus serve_forks(const base::Path& config_file, const RunForked& run) {
  check_socket();
  const base::Fd socket(kForkServerSocket);
  ::close_range(kForkServerSocket + 1, ~0U, 0);
  ::prctl(PR_SET_NAME, kServerName);
  if (!has_one_thread()) {
    base::fail(base::ErrorCode::kIo,
               "fork-server: /proc does not show that this process has one thread: requests take "
               "longer: mount /proc");
  }
  base::KeptConfiguration kept(config_file, base::system_clock());
  kept.refresh();
  while (auto files = receive_files(socket)) {
    if (files->size() != kPassedFiles) continue;
    kept.refresh();
    const pid_t pid = fork_for_parent();
    if (pid == 0) carry_out_child(*std::move(files), config_file, run, kept);
    if (pid < 0) base::log_error("fork: {}", std::generic_category().message(errno));
  }
  return base::ExitStatus::kDone;
}

}  // namespace

base::Command fork_server_command(RunForked run) {
  return {.name = "fork-server",
          .has_document = false,
          .without_environment = [run = std::move(run)](const base::Path& config_file,
                                                        base::OutputFormat /*format*/) {
            return serve_forks(config_file, run);
          }};
}

}  // namespace desk
