#include "backupd/daemon.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <random>
#include <utility>

#include <fmt/core.h>
#include <nlohmann/json.hpp>
#include <poll.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "backupd/job_starts.h"
#include "backupd/notify.h"
#include "base/error.h"
#include "base/log.h"
#include "base/terminal.h"
#include "base/time_text.h"
#include "store/location.h"
#include "store/reader.h"

namespace backupd {

namespace {

using Json = nlohmann::ordered_json;
using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::sys_seconds;

constexpr std::uint64_t kLargestConfig = 64ULL * 1024 * 1024;
constexpr std::chrono::minutes kRetry{5};
// A clock that is set, or a machine that slept, is noticed after this at the latest.
constexpr milliseconds kLongestWait{30'000};
constexpr seconds kPatience{25};
constexpr int kBusyStatus = static_cast<int>(base::ExitStatus::kBusy);
constexpr int kPartialStatus = static_cast<int>(base::ExitStatus::kPartial);

base::Fd open_signals() {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGCHLD}) ::sigaddset(&set, number);
  ::sigprocmask(SIG_BLOCK, &set, nullptr);
  base::Fd signals(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!signals) base::fail_with_errno(errno, "wait for signals");
  return signals;
}

base::Fd in_memory(base::ByteView text) {
  base::Fd file(::memfd_create("mailstow.json", MFD_CLOEXEC));
  const bool written =
      file && ::write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size());
  if (!written) base::fail_with_errno(errno, "keep the configuration in memory");
  return file;
}

double share_of_jitter() {
  std::random_device device;
  return std::uniform_real_distribution<double>()(device);
}

std::string in_words(int status) {
  return status > 128 ? fmt::format("ended by signal {}", status - 128)
                      : fmt::format("exit status {}", status);
}

Json time_or_null(std::optional<sys_seconds> time) {
  return time ? Json(base::format_rfc3339(*time)) : Json();
}

}  // namespace

Daemon::Daemon(const base::Surroundings& surroundings, const base::Path& config_path)
    : surroundings_(surroundings),
      config_path_(std::filesystem::absolute(config_path)),
      delay_(share_of_jitter()),
      signals_(open_signals()),
      watchdog_(watchdog_interval()) {
  read_config();
  // Whether there is a store, and a key that opens it.
  static_cast<void>(store::Reader::open(store::location_of(config_.store), surroundings_.files));
  const base::Path& index = config_.store.index;
  lock_ = surroundings_.files.try_lock(index / "daemon.lock", base::LockMode::kExclusive);
  if (!lock_) {
    base::fail(base::ErrorCode::kBusy, "run: a daemon runs for {} already",
               config_.store.path.string());
  }
  control_.emplace(control_socket_path(config_.store));
  base::make_folders(surroundings_.files, index / "reports");
  started_ = now();
  const JobStarts starts = load_job_starts(surroundings_.files, index / "starts");
  for (const Job job : kJobs) {
    const auto found = starts.find(job);
    jobs_[job].last_start = found == starts.end() ? started_ : found->second;
  }
}

Daemon::~Daemon() = default;

sys_seconds Daemon::now() const {
  return std::chrono::floor<seconds>(surroundings_.clock.now());
}

void Daemon::read_config() {
  const auto text = base::read_file(surroundings_.files, config_path_, kLargestConfig);
  if (!text) {
    base::fail(base::ErrorCode::kConfig, "read {}: there is no such file", config_path_.string());
  }
  base::Config config = base::parse_config(base::as_text(*text), config_path_.string());
  if (plan_ &&
      (config.store.path != config_.store.path || config.store.index != config_.store.index)) {
    base::fail(base::ErrorCode::kConfig, "{}: /store: another store needs a restart",
               config_path_.string());
  }
  JobPlan plan(config.schedule, delay_);
  config_text_ = in_memory(*text);
  plan_ = std::move(plan);
  config_ = std::move(config);
}

void Daemon::reload() {
  const auto uptime = std::chrono::duration_cast<std::chrono::microseconds>(
      surroundings_.clock.steady_now().time_since_epoch());
  notify_service_manager(fmt::format("RELOADING=1\nMONOTONIC_USEC={}", uptime.count()));
  try {
    read_config();
    serve_metrics(metrics_, config_);
    base::log_info("{}: read again", config_path_.string());
  } catch (const base::Error& error) {
    base::log_error("{}: the configuration stays as it was", error.what());
  }
  notify_service_manager("READY=1");
}

void Daemon::run() {
  base::log_info("run: {} accounts, store {}", config_.accounts.size(),
                 config_.store.path.string());
  serve_metrics(metrics_, config_);
  notify_service_manager("READY=1");
  while (!deadline_ || !is_idle()) {
    collect_ended();
    if (!deadline_) start_due();
    if (deadline_ && surroundings_.clock.steady_now() >= *deadline_) {
      for (auto& [job, state] : jobs_) {
        if (state.process) state.process->signal(SIGKILL);
      }
    }
    if (const std::string text = summary(); text != last_summary_) {
      notify_service_manager("STATUS=" + text);
      last_summary_ = text;
    }
    if (!deadline_ || !is_idle()) wait();
  }
}

bool Daemon::is_idle() const {
  return std::all_of(jobs_.begin(), jobs_.end(),
                     [](const auto& job) { return !job.second.process; });
}

std::optional<sys_seconds> Daemon::next_start(Job job) const {
  const State& state = jobs_.at(job);
  if (state.is_wanted) return now();
  const auto planned = plan_->next_start(job, state.last_start, now());
  if (!state.retry) return planned;
  return planned ? std::min(*planned, *state.retry) : *state.retry;
}

bool Daemon::may_start(Job job) const {
  if (jobs_.at(job).process) return false;
  return !is_writer(job) || std::none_of(jobs_.begin(), jobs_.end(), [](const auto& other) {
    return is_writer(other.first) && other.second.process;
  });
}

void Daemon::start_due() {
  for (const Job job : kJobs) {
    if (!may_start(job)) continue;
    const auto next = next_start(job);
    if (next && *next <= now()) start(job);
  }
}

void Daemon::start(Job job) {
  State& state = jobs_.at(job);
  state.is_wanted = false;
  state.retry.reset();
  state.last_start = now();
  JobStarts starts;
  for (const auto& [other, of_other] : jobs_) starts[other] = of_other.last_start;
  try {
    state.process = std::make_unique<JobProcess>(command_of(job), config_text_.get(),
                                                 report_of(job).string() + ".running");
    base::log_info("{}: started", job_name(job));
    save_job_starts(surroundings_.files, config_.store.index / "starts", starts);
  } catch (const base::Error& error) {
    // A full disk, say: the next try may find room again.
    base::log_error("{}: {}", job_name(job), error.what());
    if (!state.process) state.retry = now() + kRetry;
  }
}

void Daemon::collect_ended() {
  for (auto& [job, state] : jobs_) {
    const auto status = state.process ? state.process->try_wait() : std::nullopt;
    if (!status) continue;
    state.process.reset();
    state.last_status = *status;
    if (*status == kBusyStatus) {
      state.retry = now() + kRetry;
      base::log_info("{}: another process holds the store: again in {}", job_name(job),
                     base::format_duration(kRetry));
      continue;
    }
    try {
      surroundings_.files.rename(report_of(job).string() + ".running", report_of(job),
                                 base::OnExisting::kReplace);
    } catch (const base::Error& error) {
      base::log_error("{}: {}", job_name(job), error.what());
    }
    if (*status == 0) {
      base::log_info("{}: done", job_name(job));
    } else if (*status == kPartialStatus) {
      base::log_warning("{}: something could not be done: {} says what", job_name(job),
                        report_of(job).string());
    } else {
      base::log_error("{}: {}", job_name(job), in_words(*status));
    }
  }
}

void Daemon::wait() {
  milliseconds patience = kLongestWait;
  if (watchdog_) {
    notify_service_manager("WATCHDOG=1");
    patience = std::min(patience, *watchdog_ / 2);
  }
  for (const Job job : kJobs) {
    if (!may_start(job)) continue;
    if (const auto next = next_start(job); next && !deadline_) {
      patience = std::min(patience, milliseconds(*next - now()));
    }
  }
  if (deadline_) patience = std::min(patience, milliseconds(200));
  std::array<pollfd, 2> sources = {pollfd{signals_.get(), POLLIN, 0},
                                   pollfd{control_->fd(), POLLIN, 0}};
  const auto timeout = static_cast<int>(std::max(patience, milliseconds(0)).count());
  if (::poll(sources.data(), sources.size(), timeout) <= 0) return;
  if (sources[0].revents != 0) {
    signalfd_siginfo info{};
    while (::read(signals_.get(), &info, sizeof info) == sizeof info) {
      handle_signal(static_cast<int>(info.ssi_signo));
    }
  }
  if (sources[1].revents != 0) {
    control_->serve([&](const std::string& request) { return answer(request); });
  }
}

void Daemon::handle_signal(int number) {
  if (number == SIGHUP) reload();
  if ((number == SIGTERM || number == SIGINT) && !deadline_) stop();
}

void Daemon::stop() {
  notify_service_manager("STOPPING=1");
  base::log_info("run: stopping");
  deadline_ = surroundings_.clock.steady_now() + kPatience;
  for (auto& [job, state] : jobs_) {
    if (state.process) state.process->signal(SIGTERM);
  }
}

std::string Daemon::answer(const std::string& request) {
  Json document;
  const auto job = request.starts_with("start ") ? job_of(request.substr(6)) : std::nullopt;
  if (request == "status") {
    document = describe();
  } else if (job && jobs_.at(*job).process) {
    document = {{"job", job_name(*job)}, {"started", false}, {"reason", "it runs already"}};
  } else if (job) {
    jobs_.at(*job).is_wanted = true;
    document = {{"job", job_name(*job)}, {"started", true}};
  } else {
    document = {{"error", "unknown request: status, or start with a job"}};
  }
  return document.dump() + "\n";
}

Json Daemon::describe() const {
  Json list = Json::array();
  for (const Job job : kJobs) {
    const State& state = jobs_.at(job);
    list.push_back({{"job", job_name(job)},
                    {"running", state.process != nullptr},
                    {"last_start", base::format_rfc3339(state.last_start)},
                    {"last_exit_status", state.last_status ? Json(*state.last_status) : Json()},
                    {"next_start", time_or_null(next_start(job))}});
  }
  return {{"pid", ::getpid()}, {"since", base::format_rfc3339(started_)}, {"jobs", list}};
}

std::string Daemon::summary() const {
  std::string running;
  std::optional<std::pair<sys_seconds, Job>> first;
  for (const Job job : kJobs) {
    if (jobs_.at(job).process)
      running += (running.empty() ? "" : ", ") + std::string(job_name(job));
    const auto next = next_start(job);
    if (next && (!first || *next < first->first)) first = std::pair(*next, job);
  }
  if (deadline_) return "Stopping; still running: " + running;
  if (!running.empty()) return "Running: " + running;
  if (!first) return "Nothing is ever due";
  return fmt::format("Next: {} at {}", job_name(first->second), base::format_rfc3339(first->first));
}

std::vector<std::string> Daemon::command_of(Job job) const {
  const base::Path self = std::filesystem::read_symlink("/proc/self/exe");
  const std::string program =
      job == Job::kSweep ? (self.parent_path() / "mailstow-restore").string() : self.string();
  std::vector<std::string> command = {program, "--config", std::string(JobProcess::kConfigPath)};
  if (!base::is_logged(base::LogLevel::kInfo)) command.emplace_back("-q");
  switch (job) {
    case Job::kBackup:
      command.emplace_back("once");
      break;
    case Job::kPrune:
      command.emplace_back("prune");
      break;
    case Job::kCheck:
      command.insert(command.end(),
                     {"check", "--for", base::format_duration(config_.schedule.check_for)});
      break;
    case Job::kSweep:
      command.emplace_back("sweep");
      break;
    case Job::kDrill:
      command.emplace_back("drill");
      break;
  }
  command.emplace_back("--json");
  return command;
}

base::Path Daemon::report_of(Job job) const {
  return config_.store.index / "reports" / (std::string(job_name(job)) + ".json");
}

}  // namespace backupd
