#include "backupd/daemon/daemon.h"

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <random>
#include <utility>

#include <fmt/core.h>
#include <nlohmann/json.hpp>
#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "backupd/daemon/daemon_status.h"
#include "backupd/daemon/job_command.h"
#include "backupd/daemon/job_report.h"
#include "backupd/daemon/job_starts.h"
#include "backupd/daemon/notify.h"
#include "base/error.h"
#include "base/log.h"
#include "base/memory_file.h"
#include "base/terminal.h"
#include "base/time_text.h"
#include "store/format/bucket.h"
#include "store/format/location.h"
#include "store/reader.h"

namespace backupd {

namespace {

using Json = nlohmann::ordered_json;
using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::sys_seconds;

constexpr std::uint64_t kMaxConfig = 64ULL * 1024 * 1024;
// The longest delay before the daemon notices that the clock was set or the machine slept.
constexpr milliseconds kMaxWait{30'000};
constexpr seconds kStopPatience{25};
constexpr int kMaxExitStatus = static_cast<int>(base::ExitStatus::kCountsTowardsQuota);

base::Fd open_signals() {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGCHLD}) ::sigaddset(&set, number);
  ::sigprocmask(SIG_BLOCK, &set, nullptr);
  base::Fd signals(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!signals) base::fail_with_errno(errno, "wait for signals");
  return signals;
}

double share_of_jitter() {
  std::random_device device;
  return std::uniform_real_distribution<double>()(device);
}

bool is_same_store(const base::StoreConfig& one, const base::StoreConfig& other) {
  const auto endpoint = [](const base::StoreConfig& store) {
    return store.s3 ? store.s3->url : std::string();
  };
  return one.display_name() == other.display_name() && endpoint(one) == endpoint(other) &&
         one.index == other.index;
}

}  // namespace

Daemon::Daemon(const base::Environment& environment, const base::Path& config_path)
    : environment_(environment),
      config_path_(std::filesystem::absolute(config_path)),
      delay_(share_of_jitter()),
      signals_(open_signals()),
      watchdog_(watchdog_interval()) {
  read_config();
  // The service manager waits 90 seconds for this program, and its loop does not wait either. The
  // jobs are processes of their own.
  store::set_bucket_patience(milliseconds(0));
  try_store();
  const base::Path& index = config_.store.index;
  lock_ = environment_.files.try_lock(index / "daemon.lock", base::LockMode::kExclusive);
  if (!lock_) {
    base::fail(base::ErrorCode::kBusy, "run: a daemon already runs for {}",
               config_.store.display_name());
  }
  control_.emplace(control_socket_path(config_.store));
  base::make_directories(environment_.files, index / "reports");
  started_ = now();
  jobs_.emplace(JobPlan(config_.schedule, delay_),
                load_job_starts(environment_.files, index / "starts"), started_);
  save_starts();
}

Daemon::~Daemon() = default;

// Fails early if there is no store, or no key that opens it. The network may come later than this
// program, so a bucket that does not answer is left to the jobs.
void Daemon::try_store() const {
  const store::Location location = store::location_of(config_.store);
  try {
    static_cast<void>(store::Reader::open(location, environment_.files));
  } catch (const base::Error& error) {
    if (location.is_directory() || error.code() != base::ErrorCode::kStorage) throw;
    base::log_warning("run: {}", error.what());
  }
}

sys_seconds Daemon::now() const {
  return environment_.clock.now_seconds();
}

void Daemon::read_config() {
  const auto text =
      base::read_file(environment_.files, config_path_, kMaxConfig, base::Links::kFollow);
  if (!text) {
    base::fail(base::ErrorCode::kConfig, "read {}: no such file", config_path_.string());
  }
  base::Config config = base::parse_config(base::as_text(*text), config_path_.string());
  if (jobs_ && !is_same_store(config.store, config_.store)) {
    base::fail(base::ErrorCode::kConfig, "{}: /store: restart the daemon to use another store",
               config_path_.string());
  }
  JobPlan plan(config.schedule, delay_);
  config_text_ = base::memory_file("the configuration", *text);
  if (jobs_) jobs_->set_plan(std::move(plan));
  config_ = std::move(config);
}

void Daemon::reload() {
  const auto uptime = std::chrono::duration_cast<std::chrono::microseconds>(
      environment_.clock.steady_now().time_since_epoch());
  notify_service_manager(fmt::format("RELOADING=1\nMONOTONIC_USEC={}", uptime.count()));
  try {
    read_config();
    metrics_.follow(config_, environment_.clock.steady_now());
    base::log_info("{}: reloaded", config_path_.string());
  } catch (const base::Error& error) {
    base::log_error("{}: the configuration stays as it was", error.what());
  }
  notify_service_manager("READY=1");
}

void Daemon::run() {
  base::log_info("run: {}, store {}", base::format_count(config_.accounts.size(), "account"),
                 config_.store.display_name());
  metrics_.follow(config_, environment_.clock.steady_now());
  notify_service_manager("READY=1");
  for (;;) {
    collect_ended();
    report_crashed_jobs();
    if (deadline_ && is_idle()) return;
    metrics_.try_again_if_due(environment_.clock.steady_now());
    jobs_->see_time(now());
    loans_.update(jobs_->is_store_free() && !deadline_);
    jobs_->set_lent(!loans_.is_empty());
    while (const auto job = deadline_ ? std::nullopt : jobs_->due(now())) start(*job);
    if (deadline_ && environment_.clock.steady_now() >= *deadline_) {
      signal_all(SIGKILL);
    }
    const std::string text = (deadline_ ? "Stopping. " : "") + jobs_->summary(now());
    if (text != last_summary_) notify_service_manager("STATUS=" + text);
    last_summary_ = text;
    wait();
  }
}

Daemon::RunningJob Daemon::begin(const std::vector<std::string>& command,
                                 const base::Path& output) const {
  RunningJob running;
  running.process =
      std::make_unique<JobProcess>(command, config_text_.get(), running.progress.job_end(), output);
  running.progress.close_job_end();
  return running;
}

void Daemon::start(Job job) {
  jobs_->started(job, now());
  try {
    running_.insert_or_assign(job,
                              begin(job_command(job, config_.schedule, jobs_->accounts_of(job)),
                                    running_report_of(config_.store, job)));
    base::log_info("{}: started", job_name(job));
  } catch (const base::Error& error) {
    // The disk may be full, for instance; there may be room again at the next attempt.
    base::log_error("{}: {}", job_name(job), error.what());
    jobs_->start_failed(job, now());
  }
}

void Daemon::collect_ended() {
  for (const Job job : kJobs) {
    const auto found = running_.find(job);
    const auto status = found == running_.end() ? std::nullopt : found->second.process->try_wait();
    if (!status) continue;
    running_.erase(found);
    const JobEnd end{*status, deadline_.has_value()};
    const bool is_known_to_wait = jobs_->waits_for_store(job);
    if (!jobs_->ended(job, end, now())) {
      if (is_known_to_wait) continue;
      base::log_info("{}: waiting: another process holds the {}: trying again every {}",
                     job_name(job), job == Job::kCopy ? "copy" : "store",
                     base::format_duration(kBusyRetry));
      continue;
    }
    publish_report(environment_.files, config_.store, job, jobs_->last_scope(job), end);
    save_starts();
    // A job that crashed could not report it itself. A job that was stopped in time has nothing to
    // report.
    if (*status > kMaxExitStatus) has_unreported_ = true;
  }
}

void Daemon::report_crashed_jobs() {
  if (reporter_ && !reporter_->process->try_wait()) return;
  reporter_.reset();
  if (!has_unreported_ || deadline_) return;
  has_unreported_ = false;
  try {
    reporter_ = begin(report_command(), {});
  } catch (const base::Error& error) {
    base::log_error("run: {}", error.what());  // the next job reports it
  }
}

void Daemon::signal_all(int number) const {
  for (const auto& [job, running] : running_) running.process->signal(number);
  if (reporter_) reporter_->process->signal(number);
}

void Daemon::save_starts() {
  try {
    save_job_starts(environment_.files, config_.store.index / "starts", jobs_->starts());
  } catch (const base::Error& error) {
    base::log_error("run: {}", error.what());
  }
}

void Daemon::wait() {
  milliseconds patience = kMaxWait;
  if (watchdog_) {
    notify_service_manager("WATCHDOG=1");
    patience = std::min(patience, *watchdog_ / 2);
  }
  if (const auto next = deadline_ ? std::nullopt : jobs_->next_due(now())) {
    patience = std::min(patience, milliseconds(*next - now()));
  }
  if (deadline_) patience = std::min(patience, milliseconds(200));
  std::vector<pollfd> sources = {{signals_.get(), POLLIN, 0}, {control_->fd(), POLLIN, 0}};
  for (const int caller : loans_.connections()) sources.push_back({caller, POLLRDHUP, 0});
  for (const auto& [job, running] : running_) sources.push_back({running.progress.fd(), POLLIN, 0});
  const auto timeout = static_cast<int>(std::max(patience, milliseconds(0)).count());
  if (::poll(sources.data(), sources.size(), timeout) <= 0) return;
  if (sources[0].revents != 0) {
    signalfd_siginfo info{};
    while (::read(signals_.get(), &info, sizeof info) == sizeof info) {
      handle_signal(static_cast<int>(info.ssi_signo));
    }
  }
  for (auto& [job, running] : running_) running.progress.listen(environment_.clock.steady_now());
  if (sources[1].revents == 0) return;
  if (auto call = control_->accept()) serve(std::move(*call));
}

void Daemon::handle_signal(int number) {
  if (number == SIGHUP) reload();
  if ((number == SIGTERM || number == SIGINT) && !deadline_) stop();
}

void Daemon::stop() {
  notify_service_manager("STOPPING=1");
  base::log_info("run: stopping");
  deadline_ = environment_.clock.steady_now() + kStopPatience;
  signal_all(SIGTERM);
}

void Daemon::serve(ControlCall call) {
  Json document;
  try {
    const ControlRequest request = parse_request(call.request);
    if (const auto* const loan = std::get_if<LoanRequest>(&request)) {
      loans_.request(std::move(call.caller), loan->command, now());
      return;  // answered once the store is lent
    }
    const auto* const start = std::get_if<StartRequest>(&request);
    document = start != nullptr ? start_requested(*start) : describe();
  } catch (const Json::exception&) {
    document = ErrorAnswer{"a request is status, {\"start\": a job}, or {\"lend\": a command}"};
  }
  answer(call.caller, answer_text(document));
}

Json Daemon::describe() const {
  Json jobs = jobs_->describe(now());
  for (Json& state : jobs) {
    const auto found = running_.find(*job_of(state["job"].get<std::string>()));
    state["progress"] = found == running_.end()
                            ? Json()
                            : found->second.progress.describe(environment_.clock.steady_now());
  }
  const Json loans = loans_.describe();
  const Json metrics = metrics_.describe();
  return StatusAnswer{::getpid(), base::format_rfc3339(started_), jobs, loans, metrics};
}

Json Daemon::start_requested(const StartRequest& request) {
  const auto job = job_of(request.job);
  if (!job) return ErrorAnswer{"there is no such job"};
  StartAnswer answer{std::string(job_name(*job)), true};
  if (jobs_->is_running(*job) && !request.queue) {
    answer.started = false;
    answer.reason = "it is already running";
  } else {
    if (is_writer(*job)) answer.waits_for = describe_work(describe());
    answer.run = jobs_->request(*job, request.accounts.value_or(std::vector<std::string>()));
  }
  return answer;
}

}  // namespace backupd
