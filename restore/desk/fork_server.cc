#include "restore/desk/fork_server.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <utility>

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "base/process.h"
#include "restore/desk/passed_files.h"

namespace desk {

namespace {

using Steady = std::chrono::steady_clock;

base::Path program_file() {
  return base::sibling_program("mailstow-restore");
}

// Nullopt if the child does not begin.
std::optional<pid_t> receive_pid(const base::Fd& socket, std::chrono::milliseconds patience) {
  const auto end = Steady::now() + patience;
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Steady::now());
    if (left.count() <= 0) return std::nullopt;
    pollfd readable{socket.get(), POLLIN, 0};
    if (::poll(&readable, 1, static_cast<int>(left.count())) <= 0) continue;
    pid_t pid = 0;
    const ssize_t got = ::recv(socket.get(), &pid, sizeof pid, MSG_DONTWAIT);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
    if (got != sizeof pid || pid <= 0) return std::nullopt;
    return pid;
  }
}

void let_begin(const base::Fd& socket) {
  const char go = '.';
  // A child that has ended meanwhile is seen by its exit status.
  static_cast<void>(::send(socket.get(), &go, sizeof go, MSG_NOSIGNAL) < 0);
}

}  // namespace

std::vector<std::string> child_words(const base::Path& config_file,
                                     const std::vector<std::string>& words) {
  std::vector<std::string> all = {"--config", config_file.string(),
                                  base::is_logged(base::LogLevel::kDebug) ? "-v" : "-q"};
  all.insert(all.end(), words.begin(), words.end());
  return all;
}

std::vector<std::string> answer_words() {
  return {"--on-behalf-of-fd", std::to_string(kOnBehalfDescriptor), "answer", "--json"};
}

ForkServer::ForkServer(base::Path config_file, const ForkServerTimes& times)
    : config_file_(std::move(config_file)), times_(times) {
  launch();
}

ForkServer::~ForkServer() {
  if (server_) retire(End::kAtOnce);
  reap();
  for (base::Child& process : retired_) {
    process.signal(SIGKILL);
    process.wait();
  }
}

std::optional<base::Child> ForkServer::start(const Files& files) {
  SocketPair handshake = make_socket_pair();
  const std::optional<pid_t> server = send(files, handshake.far_end);
  if (!server) return std::nullopt;
  handshake.far_end = base::Fd();  // the child's end closes with the child
  const std::optional<pid_t> pid = receive_pid(handshake.near_end, times_.patience);
  if (!pid) {
    const std::scoped_lock lock(mutex_);
    if (server_ && server_->process.pid() == *server) retire(End::kAtOnce);
    late_.push_back(std::move(handshake.near_end));
    return std::nullopt;
  }
  let_begin(handshake.near_end);
  return base::Child::with_pid(*pid);
}

std::optional<pid_t> ForkServer::send(const Files& files, const base::Fd& handshake) {
  const std::scoped_lock lock(mutex_);
  reap();
  if (server_ && is_outdated()) retire(End::kAfterItsWork);
  if (!server_) launch();
  if (!server_) return std::nullopt;
  const std::array<int, kPassedFiles> passed = {files.input, files.output, files.on_behalf,
                                                handshake.get()};
  if (send_files(server_->socket, passed)) return server_->process.pid();
  retire(End::kAtOnce);
  return std::nullopt;
}

void ForkServer::replace() {
  const std::scoped_lock lock(mutex_);
  if (server_) retire(End::kAfterItsWork);
}

std::optional<pid_t> ForkServer::pid() {
  const std::scoped_lock lock(mutex_);
  if (!server_) return std::nullopt;
  return server_->process.pid();
}

void ForkServer::launch() {
  const auto now = Steady::now();
  if (now < next_start_) return;
  next_start_ = now + times_.between_starts;
  try {
    const base::FileStamp program = base::FileStamp::of(program_file());
    SocketPair pair = make_socket_pair();
    const base::Fd socket = above_passed_files(pair.far_end);
    const base::Fd opened(::open("/dev/null", O_RDWR | O_CLOEXEC));
    if (!opened) base::fail_with_errno(errno, "open /dev/null");
    const base::Fd nowhere = above_passed_files(opened);
    std::vector<std::string> command = child_words(config_file_, {"fork-server"});
    command.insert(command.begin(), program_file().string());
    base::Child process(command, {.descriptors = {{nowhere.get(), STDIN_FILENO},
                                                  {nowhere.get(), STDOUT_FILENO},
                                                  {socket.get(), kForkServerSocket}},
                                  .has_own_group = true,
                                  .has_signals_unblocked = true});
    server_.emplace(Server{.process = process,
                           .socket = std::move(pair.near_end),
                           .program = program,
                           .started = now});
  } catch (const base::Error& error) {
    base::log_warning("desk: the fork server can't be started, which makes requests slower: {}",
                      error.what());
  }
}

bool ForkServer::is_outdated() const {
  return Steady::now() - server_->started > kMaxLife ||
         base::FileStamp::of(program_file()) != server_->program;
}

// A server whose socket is closed forks for the requests that it has got, and ends.
void ForkServer::retire(End end) {
  if (end == End::kAtOnce) server_->process.signal(SIGKILL);
  retired_.push_back(server_->process);
  server_.reset();
}

// A child that comes too late ends when its socket is closed, before it begins.
void ForkServer::reap() {
  std::erase_if(late_, [this](const base::Fd& socket) {
    pid_t pid = 0;
    const ssize_t got = ::recv(socket.get(), &pid, sizeof pid, MSG_DONTWAIT);
    if (got < 0 && (errno == EINTR || errno == EAGAIN)) return false;
    if (got == sizeof pid && pid > 0) retired_.push_back(base::Child::with_pid(pid));
    return true;
  });
  std::erase_if(retired_, [](base::Child& process) { return process.try_wait().has_value(); });
}

}  // namespace desk
