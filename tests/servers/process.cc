#include "tests/servers/process.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <optional>
#include <sstream>
#include <thread>

#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/child.h"
#include "base/error.h"
#include "base/handle.h"

namespace servers {

namespace {

using namespace std::chrono_literals;

constexpr int kCannotExecute = 127;

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> result;
  result.reserve(strings.size() + 1);
  for (std::string& text : strings) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

struct Pipe {
  base::Fd read_end;
  base::Fd write_end;

  Pipe() {
    std::array<int, 2> fds{};
    if (::pipe2(fds.data(), O_CLOEXEC) != 0) base::fail_with_errno(errno, "make a pipe");
    read_end = base::Fd(fds[0]);
    write_end = base::Fd(fds[1]);
  }
};

void close_now(base::Fd& fd) {
  base::Fd(std::move(fd));
}

// Writes `input` and reads both outputs at the same time: one after the other could block both
// sides.
void exchange(std::string_view input, Pipe& in, Pipe& out, Pipe& err, ProcessResult& result) {
  static_cast<void>(::fcntl(in.write_end.get(), F_SETFL, O_NONBLOCK));
  std::array<char, 65536> buffer{};
  const auto gather = [&](base::Fd& fd, std::string& into) {
    const ssize_t count = ::read(fd.get(), buffer.data(), buffer.size());
    if (count > 0) into.append(buffer.data(), static_cast<std::size_t>(count));
    if (count == 0 || (count < 0 && errno != EINTR)) close_now(fd);
  };
  if (input.empty()) close_now(in.write_end);
  while (out.read_end || err.read_end) {
    std::array<pollfd, 3> waiting{{{out.read_end.get(), POLLIN, 0},
                                   {err.read_end.get(), POLLIN, 0},
                                   {in.write_end.get(), POLLOUT, 0}}};
    if (::poll(waiting.data(), waiting.size(), -1) < 0) continue;
    if (waiting[0].revents != 0) gather(out.read_end, result.out);
    if (waiting[1].revents != 0) gather(err.read_end, result.err);
    if (waiting[2].revents != 0) {
      const ssize_t count = ::write(in.write_end.get(), input.data(), input.size());
      if (count > 0) input.remove_prefix(static_cast<std::size_t>(count));
      const bool is_lost = count < 0 && errno != EAGAIN && errno != EINTR;
      if (is_lost || input.empty()) close_now(in.write_end);
    }
  }
}

// The first fields of /proc/PID/stat (proc(5)).
struct ProcessEntry {
  pid_t pid = 0;
  std::string name;
  char state = 0;
  pid_t parent = 0;
  pid_t group = 0;
};

std::optional<ProcessEntry> read_process_entry(const base::Path& directory) {
  std::ifstream file(directory / "stat");
  std::string line;
  if (!std::getline(file, line)) return std::nullopt;
  const std::size_t open = line.find('(');
  const std::size_t close = line.rfind(')');  // the name may contain parentheses
  if (open == std::string::npos || close == std::string::npos) return std::nullopt;
  ProcessEntry entry;
  entry.name = line.substr(open + 1, close - open - 1);
  std::istringstream(line.substr(0, open)) >> entry.pid;
  std::istringstream(line.substr(close + 1)) >> entry.state >> entry.parent >> entry.group;
  return entry;
}

std::vector<ProcessEntry> all_processes() {
  std::vector<ProcessEntry> result;
  for (const auto& directory : std::filesystem::directory_iterator("/proc")) {
    const std::string name = directory.path().filename().string();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    if (auto entry = read_process_entry(directory.path())) result.push_back(std::move(*entry));
  }
  return result;
}

// Zombies do not count: the process that adopts an orphan may take a while to reap it.
bool is_alive(const ProcessEntry& entry) {
  return entry.state != 'Z' && entry.state != 'X';
}

enum class Leader { kCounts, kAside };

std::vector<pid_t> living_members(pid_t group, Leader leader) {
  std::vector<pid_t> result;
  for (const ProcessEntry& entry : all_processes()) {
    const bool counts = leader == Leader::kCounts || entry.pid != group;
    if (counts && entry.group == group && is_alive(entry)) result.push_back(entry.pid);
  }
  return result;
}

bool is_living_member(pid_t pid, pid_t group) {
  const auto entry = read_process_entry(base::Path("/proc") / std::to_string(pid));
  return entry && entry->group == group && is_alive(*entry);
}

// All processes of the machine take long to look through: once, and again when those that were
// found have ended.
class LivingMembers {
 public:
  LivingMembers(pid_t group, Leader leader) : group_(group), leader_(leader) {}

  bool has_any() {
    while (!known_.empty() && !is_living_member(known_.back(), group_)) known_.pop_back();
    if (known_.empty()) known_ = living_members(group_, leader_);
    return !known_.empty();
  }

 private:
  pid_t group_;
  Leader leader_;
  std::vector<pid_t> known_;
};

}  // namespace

ProcessResult run_program(const std::vector<std::string>& arguments, std::string_view input) {
  Pipe in;
  Pipe out;
  Pipe err;
  // A program that does not read its input must not kill the test.
  static_cast<void>(std::signal(SIGPIPE, SIG_IGN));
  // Not by fork(), which copies the page tables of a test under AddressSanitizer.
  base::Child program(arguments, {.descriptors = {{in.read_end.get(), STDIN_FILENO},
                                                  {out.write_end.get(), STDOUT_FILENO},
                                                  {err.write_end.get(), STDERR_FILENO}}});
  close_now(in.read_end);
  close_now(out.write_end);
  close_now(err.write_end);
  ProcessResult result;
  exchange(input, in, out, err, result);
  result.status = program.wait();
  return result;
}

std::string output_of(const std::vector<std::string>& arguments) {
  ProcessResult result = run_program(arguments);
  if (result.status != 0) {
    base::fail(base::ErrorCode::kInternal, "run {}: exit status {}: {}", arguments.front(),
               result.status, result.err);
  }
  return std::move(result.out);
}

Process::Process(const std::vector<std::string>& arguments,
                 const std::vector<std::string>& environment, Account account,
                 const base::Path& log) {
  std::vector<std::string> owned = arguments;
  const std::vector<char*> argv = pointers(owned);
  std::vector<std::string> owned_environment = environment;
  const std::vector<char*> envp = pointers(owned_environment);
  const base::Fd log_fd(
      ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, S_IRUSR | S_IWUSR));
  const base::Fd nothing(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  if (!log_fd || !nothing) base::fail_with_errno(errno, "open " + log.string());
  const pid_t parent = ::getpid();
  const bool is_root = ::geteuid() == 0;
  pid_ = ::fork();
  if (pid_ < 0) base::fail_with_errno(errno, "start " + arguments.front());
  if (pid_ == 0) {
    sigset_t no_signals;
    bool ready = ::sigemptyset(&no_signals) == 0 &&
                 ::sigprocmask(SIG_SETMASK, &no_signals, nullptr) == 0 && ::setpgid(0, 0) == 0 &&
                 ::chdir("/") == 0;
    if (is_root) {
      ready = ready && ::setgroups(0, nullptr) == 0 && ::setgid(account.gid) == 0 &&
              ::setuid(account.uid) == 0;
    }
    // After setuid, which clears it.
    ready = ready && ::prctl(PR_SET_PDEATHSIG, SIGTERM) == 0 && ::getppid() == parent;
    ready = ready && ::dup2(nothing.get(), STDIN_FILENO) >= 0 &&
            ::dup2(log_fd.get(), STDOUT_FILENO) >= 0 && ::dup2(log_fd.get(), STDERR_FILENO) >= 0;
    if (ready) static_cast<void>(::execve(argv[0], argv.data(), envp.data()));
    ::_exit(kCannotExecute);
  }
  static_cast<void>(::setpgid(pid_, pid_));  // in both parent and child, since either may run first
}

Process::~Process() {
  end(5s);
}

bool Process::is_running() {
  if (has_ended_) return false;
  const pid_t ended = ::waitpid(pid_, nullptr, WNOHANG);
  has_ended_ = ended == pid_ || (ended < 0 && errno == ECHILD);
  return !has_ended_;
}

void Process::end(std::chrono::milliseconds patience) {
  if (pid_ < 0) return;
  if (is_running()) static_cast<void>(::kill(-pid_, SIGTERM));
  const auto deadline = std::chrono::steady_clock::now() + patience;
  // A leader whose children have all ended is idle; Dovecot's would sleep for a second.
  LivingMembers children(pid_, Leader::kAside);
  while (is_running() && children.has_any() && std::chrono::steady_clock::now() < deadline) {
    std::this_thread::sleep_for(5ms);
  }
  LivingMembers rest(pid_, Leader::kCounts);
  while (::kill(-pid_, SIGKILL) == 0 && rest.has_any()) {
    static_cast<void>(is_running());  // reaps the leader
    std::this_thread::sleep_for(1ms);
  }
  while (is_running()) std::this_thread::sleep_for(1ms);
  pid_ = -1;
}

std::vector<pid_t> Process::children(std::string_view name) const {
  std::vector<pid_t> result;
  for (const ProcessEntry& entry : all_processes()) {
    if (entry.parent == pid_ && entry.name == name) result.push_back(entry.pid);
  }
  return result;
}

bool Process::has_child(pid_t pid) const {
  const auto entry = read_process_entry(base::Path("/proc") / std::to_string(pid));
  return entry && entry->parent == pid_ && entry->state != 'Z';
}

}  // namespace servers
