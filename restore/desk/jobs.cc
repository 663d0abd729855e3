#include "restore/desk/jobs.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <exception>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <fmt/core.h>
#include <nlohmann/json.hpp>
#include <sys/file.h>
#include <unistd.h>

#include "base/error.h"
#include "base/json_text.h"
#include "base/log.h"
#include "base/regular_file.h"
#include "restore/desk/shown_command.h"

namespace desk {

namespace {

using nlohmann::ordered_json;

constexpr std::chrono::seconds kBetweenLooks{1};
constexpr std::chrono::seconds kTreesPatience{60};
constexpr std::size_t kMaxEvent = std::size_t{64} << 10U;  // bytes of a line
constexpr std::uint64_t kMaxReportFile = std::uint64_t{64} << 20U;

base::OnBehalf on_behalf_of(const Job& job) {
  return {.person = job.person, .role = job.role, .client = job.client};
}

ordered_json run_request(const Job& job) {
  ordered_json request = {{"command", "run"}, {"account", job.account}, {"job", job.id}};
  if (job.tree.empty()) {
    request["selection"] = base::parse_json(job.selection);
  } else {
    request["tree"] = job.tree;
  }
  if (job.has_reach) request["reach"] = {{"since", job.since}, {"sequence", job.sequence}};
  if (job.stay > 0 && job.tree.empty()) request["stay"] = job.stay;
  return request;
}

std::string error_code_in(const ordered_json& report) {
  if (!report.is_object() || !report.contains("error")) return {};
  const ordered_json& error = report.at("error");
  // A restore that ended early names the reason as a text; an error document has a code.
  return error.is_object() ? error.value("code", "internal") : "stopped";
}

// An error after which the same attempt could succeed: the connection, the machine.
bool is_passing(const std::string& code) {
  return code == "network" || code == "io" || code == "busy" || code == "stopped" ||
         code == "no_space" || code == "storage" || code == "protocol";
}

}  // namespace

Jobs::Jobs(Ledger& ledger, Children& children, base::FileSystem& files, base::Clock& clock,
           base::Path directory)
    : ledger_(ledger),
      children_(children),
      files_(files),
      clock_(clock),
      directory_(std::move(directory)) {
  base::make_directories(files_, directory_);
}

Jobs::~Jobs() {
  park();  // also what was started while the first call was made
  std::unique_lock lock(mutex_);
  has_ended_.wait(lock, [&] { return threads_ == 0; });
}

void Jobs::park() {
  const std::scoped_lock lock(mutex_);
  is_stopping_ = true;
  for (const auto& [id, running] : running_) {
    if (running.group > 0) ::kill(-running.group, SIGTERM);
  }
  has_ended_.notify_all();
}

base::Path Jobs::lock_file(const std::string& id) const {
  return directory_ / (id + ".lock");
}

base::Path Jobs::report_file(const std::string& id) const {
  return directory_ / (id + ".report");
}

// The lock belongs to the open file, which the program shares: it is held until the last of both
// has ended.
base::Fd Jobs::try_lock(const std::string& id) const {
  base::Fd file = base::open_regular_file("lock", lock_file(id), O_RDWR | O_CREAT);
  if (::flock(file.get(), LOCK_EX | LOCK_NB) == 0) return file;
  if (errno != EWOULDBLOCK) base::fail_with_errno(errno, "lock " + lock_file(id).string());
  return base::Fd();
}

void Jobs::remove_files(const std::string& id) {
  files_.remove(report_file(id));
  files_.remove(lock_file(id));
}

// A job's record goes before its files: a desk that dies in between leaves only files, which
// find_again() removes.
void Jobs::forget_old() {
  const std::scoped_lock starting(starting_);  // no forgotten job is completed meanwhile
  for (const std::string& id : ledger_.forget_old()) remove_files(id);
}

void Jobs::find_again() {
  for (const std::string& name : files_.list(directory_)) {
    const base::Path file(name);
    if (file.extension() != ".lock" && file.extension() != ".report") continue;
    const std::string id = file.stem().string();
    if (!ledger_.job(id) && try_lock(id)) remove_files(id);
  }
  for (const Job& job : ledger_.running_jobs()) {
    if (const base::Fd lock = try_lock(job.id)) {
      settle_or_interrupt(job, {});
      continue;
    }
    begin(job, 0);
    std::thread([this, job] {
      wait_for_other(job);
      leave();
    }).detach();
  }
}

Job Jobs::start(const Job& wanted, std::chrono::sys_seconds since) {
  const std::scoped_lock starting(starting_);
  const auto known = ledger_.job_with_key(wanted.account, wanted.person, wanted.key, since);
  if (known && known->state != JobState::kInterrupted) return *known;
  {
    const std::scoped_lock lock(mutex_);
    if (is_stopping_ || running_.size() >= kMaxRunning) {
      base::fail(base::ErrorCode::kBusy, "{} restores run already: try again later", kMaxRunning);
    }
  }
  Job job = known.value_or(wanted);
  // Time has passed since a first attempt.
  job.since = std::max(job.since, wanted.since);
  job.sequence = std::max(job.sequence, wanted.sequence);
  base::Fd lock = try_lock(job.id);
  if (!lock) return job;  // it runs: a desk that died had not noted that
  if (known) {
    // Its program is not running, so that no further tree of it can appear.
    const ordered_json tree = tree_of(job);
    if (tree.is_object()) job.tree = tree.value("tree", "");
  }
  job.command = shown_command(run_request(job));
  if (job.command.size() > kMaxCommand) job.command.clear();
  job.state = JobState::kRunning;
  job.error.clear();
  ledger_.add_job(job);
  try {
    launch(job, std::move(lock));
  } catch (const base::Error&) {
    ledger_.change_job(job.id, [](Job& kept) { kept.state = JobState::kInterrupted; });
    throw;
  }
  return job;
}

void Jobs::launch(const Job& job, base::Fd lock) {
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) base::fail_with_errno(errno, "create a pipe");
  base::Fd progress(ends[0]);
  base::Fd reports_progress(ends[1]);
  const base::Fd report =
      base::open_regular_file("write", report_file(job.id), O_WRONLY | O_CREAT | O_TRUNC);
  base::Child child =
      children_.start_run(run_request(job), on_behalf_of(job), report, reports_progress, lock);
  begin(job, child.pid());
  try {
    std::thread([this, job, child, progress = std::move(progress)]() mutable {
      follow(child, std::move(progress), job);
      leave();
    }).detach();
  } catch (const std::system_error& error) {
    end(job.id);
    leave();
    child.signal_group(SIGKILL);
    child.wait();
    base::fail(base::ErrorCode::kBusy, "restore {}: {}", job.id, error.what());
  }
}

void Jobs::follow(base::Child child, base::Fd progress, const Job& job) {
  std::string text;
  std::array<char, 4'096> piece{};
  for (;;) {
    const ssize_t got = ::read(progress.get(), piece.data(), piece.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    text.append(piece.data(), static_cast<std::size_t>(got));
    const std::size_t last_end = text.rfind('\n');
    if (last_end != std::string::npos) {
      const std::size_t begin = last_end == 0 ? 0 : text.rfind('\n', last_end - 1) + 1;
      const std::scoped_lock lock(mutex_);
      running_[job.id].last_event = text.substr(begin, last_end - begin);
      text.erase(0, last_end + 1);
    }
    if (text.size() > kMaxEvent) text.clear();
  }
  {
    // Once it has been waited for, another process may have its number.
    const std::scoped_lock lock(mutex_);
    running_[job.id].group = 0;
  }
  const int exit_status = child.wait();
  end(job.id);
  settle_or_interrupt(job, {exit_status});
}

void Jobs::wait_for_other(const Job& job) {
  for (;;) {
    {
      std::unique_lock lock(mutex_);
      if (has_ended_.wait_for(lock, kBetweenLooks, [&] { return is_stopping_; })) {
        running_.erase(job.id);
        return;
      }
    }
    if (!try_lock(job.id)) continue;
    end(job.id);
    settle_or_interrupt(job, {});
    return;
  }
}

std::string Jobs::read_report(const std::string& id) const {
  const auto bytes = base::read_file(files_, report_file(id), kMaxReportFile);
  return bytes ? base::to_text(*bytes) : std::string();
}

// The job's tree as `trees` lists it; null if it does not exist.
ordered_json Jobs::tree_of(const Job& job) {
  const ChildAnswer answer = children_.call_beside({{"command", "trees"}, {"account", job.account}},
                                                   on_behalf_of(job), kTreesPatience);
  const ordered_json document = base::parse_json(answer.document);
  if (!document.is_object() || !document.contains("trees")) {
    base::fail(base::ErrorCode::kIo, "restore {}: the trees can't be listed", job.id);
  }
  for (const ordered_json& tree : document.at("trees")) {
    if (tree.contains("job") && tree.at("job") == job.id) return tree;
  }
  return nullptr;
}

void Jobs::settle(const Job& job, Outcome outcome) {
  const std::string text = read_report(job.id);
  const ordered_json report = base::parse_json(text);
  const ordered_json tree = tree_of(job);
  const std::string error = error_code_in(report);
  const bool is_complete = tree.is_object() && tree.value("state", "") == "complete";
  JobState state = JobState::kInterrupted;
  if (is_complete) {
    state = JobState::kDone;
    if (!outcome.exit_status) outcome.exit_status = 0;
  } else if (report.is_object() && error.empty()) {
    state = JobState::kDone;  // all but some messages, or the tree is gone already
    if (!outcome.exit_status) outcome.exit_status = 3;
  } else if (!error.empty() && !is_passing(error) && tree.is_null()) {
    state = JobState::kFailed;
  }
  // A further attempt may begin at once then, and writes the same file. If the desk dies in
  // between, the job counts as interrupted without the report too.
  const bool may_begin_again = state == JobState::kInterrupted;
  if (may_begin_again) files_.remove(report_file(job.id));
  ledger_.change_job(job.id, [&](Job& kept) {
    kept.state = state;
    kept.exit_status = outcome.exit_status;
    kept.error = error;
    if (tree.is_object()) kept.tree = tree.value("tree", "");
    if (report.is_object() && text.size() <= kMaxReport) kept.report = base::json_line(report);
    kept.ended = clock_.now_seconds();
  });
  // A further attempt locks the same file.
  if (!may_begin_again) remove_files(job.id);
}

void Jobs::settle_or_interrupt(const Job& job, Outcome outcome) {
  try {
    settle(job, outcome);
    return;
  } catch (const std::exception& error) {
    base::log_error("restore {}: its end can't be noted: {}", job.id, error.what());
  }
  try {
    ledger_.change_job(job.id, [](Job& kept) { kept.state = JobState::kInterrupted; });
  } catch (const std::exception& error) {
    base::log_error("restore {}: {}", job.id, error.what());
  }
}

std::optional<Job> Jobs::find(const std::string& account, const std::string& id) {
  auto job = ledger_.job(id);
  if (!job || job->account != account) return std::nullopt;
  return job;
}

ordered_json Jobs::progress(const std::string& id) const {
  const std::scoped_lock lock(mutex_);
  const auto found = running_.find(id);
  if (found == running_.end() || found->second.last_event.empty()) return nullptr;
  return base::parse_json(found->second.last_event);
}

bool Jobs::stop(const std::string& id) {
  const std::scoped_lock lock(mutex_);
  const auto found = running_.find(id);
  if (found == running_.end() || found->second.group == 0) return false;
  ::kill(-found->second.group, SIGTERM);
  return true;
}

std::size_t Jobs::running(const std::string& account) const {
  const std::scoped_lock lock(mutex_);
  std::size_t count = 0;
  for (const auto& [id, running] : running_) count += running.account == account ? 1U : 0U;
  return count;
}

void Jobs::begin(const Job& job, pid_t group) {
  const std::scoped_lock lock(mutex_);
  running_[job.id] = {.group = group, .account = job.account, .last_event = {}};
  ++threads_;
}

void Jobs::end(const std::string& id) {
  const std::scoped_lock lock(mutex_);
  running_.erase(id);
}

void Jobs::leave() {
  const std::scoped_lock lock(mutex_);
  --threads_;
  has_ended_.notify_all();
}

}  // namespace desk
