#include "backupd/daemon/job_table.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "backupd/daemon/job_report.h"
#include "base/clock.h"
#include "base/exit_status.h"
#include "base/time_text.h"

namespace backupd {

namespace {

using std::chrono::sys_seconds;
using Json = nlohmann::ordered_json;

constexpr int kStoreIsBusy = static_cast<int>(base::ExitStatus::kBusy);

Json time_or_null(std::optional<sys_seconds> time) {
  return time ? Json(base::format_rfc3339(*time)) : Json();
}

}  // namespace

JobTable::JobTable(JobPlan plan, const JobStarts& starts, sys_seconds now)
    : plan_(std::move(plan)) {
  for (const Job job : kJobs) {
    const auto found = starts.find(job);
    State& state = states_[job];
    state.last_start = found == starts.end() ? now : found->second;
    state.planned_start = state.settled_start = state.last_start;
  }
}

void JobTable::see_time(sys_seconds now) {
  for (auto& [job, state] : states_) {
    // A clock that is corrected by seconds must not start a job twice.
    if (base::is_in_future(state.planned_start, now)) state.planned_start = now;
    if (base::is_in_future(state.settled_start, now)) state.settled_start = now;
    if (state.retry && *state.retry > now + kJobRetry) {
      state.retry = now + kBusyRetry;
    }
  }
}

bool JobTable::may_start(Job job) const {
  return !is_running(job) && (!is_writer(job) || (!is_lent_ && is_store_free()));
}

bool JobTable::is_store_free() const {
  return std::none_of(states_.begin(), states_.end(), [](const auto& entry) {
    return is_writer(entry.first) && entry.second.is_running;
  });
}

std::optional<sys_seconds> JobTable::next_start(Job job, sys_seconds now) const {
  const State& state = states_.at(job);
  if (state.is_wanted) return now;
  const auto planned = plan_.next_start(job, state.planned_start, now);
  if (!state.retry) return planned;
  return planned ? std::min(*planned, *state.retry) : *state.retry;
}

std::optional<Job> JobTable::due(sys_seconds now) const {
  std::optional<Job> longest;
  sys_seconds since = sys_seconds::max();
  for (const Job job : kJobs) {
    const auto next = may_start(job) ? next_start(job, now) : std::nullopt;
    if (!next || *next > now) continue;
    // The plan returns `now` for every overdue job; the one that started longer ago is due for
    // longer.
    if (states_.at(job).planned_start >= since) continue;
    longest = job;
    since = states_.at(job).planned_start;
  }
  return longest;
}

std::optional<sys_seconds> JobTable::next_due(sys_seconds now) const {
  std::optional<sys_seconds> first;
  for (const Job job : kJobs) {
    const auto next = may_start(job) ? next_start(job, now) : std::nullopt;
    if (next && (!first || *next < *first)) first = next;
  }
  return first;
}

std::uint64_t JobTable::request(Job job, const std::vector<std::string>& accounts) {
  State& state = states_.at(job);
  state.is_wanted = true;
  state.wants_all = state.wants_all || accounts.empty();
  for (const std::string& account : accounts) {
    if (std::ranges::find(state.wanted, account) == state.wanted.end()) {
      state.wanted.push_back(account);
    }
  }
  return state.run + 1;
}

void JobTable::started(Job job, sys_seconds now) {
  State& state = states_.at(job);
  state.is_partial = (state.is_wanted || state.retry) && !state.wants_all;
  state.accounts = std::exchange(state.wanted, {});
  if (!state.is_partial) state.accounts.clear();
  state.is_wanted = state.wants_all = false;
  state.retry.reset();
  state.is_running = true;
  ++state.run;
  state.last_start = now;
  if (!state.is_partial) state.planned_start = now;
}

void JobTable::start_failed(Job job, sys_seconds now) {
  postpone(states_.at(job), now + kJobRetry);
}

void JobTable::postpone(State& state, sys_seconds until) {
  state.is_running = false;
  --state.run;
  state.retry = until;
  if (!state.is_partial) state.wants_all = true;
  state.wanted.insert(state.wanted.end(), state.accounts.begin(), state.accounts.end());
}

bool JobTable::ended(Job job, const JobEnd& end, sys_seconds now) {
  State& state = states_.at(job);
  state.last_status = end.status;
  state.was_busy = end.status == kStoreIsBusy;
  if (state.was_busy) {
    postpone(state, now + kBusyRetry);
    return false;
  }
  state.is_running = false;
  state.ended = state.run;
  state.last_scope = state.is_partial ? BackupScope::kNamedAccounts : BackupScope::kAllAccounts;
  const bool is_whole = end.status == 0 || !end.was_stopped;
  if (is_whole && !state.is_partial) state.settled_start = state.planned_start;
  return true;
}

bool JobTable::is_idle() const {
  return std::none_of(states_.begin(), states_.end(),
                      [](const auto& entry) { return entry.second.is_running; });
}

const std::vector<std::string>& JobTable::accounts_of(Job job) const {
  return states_.at(job).accounts;
}

JobStarts JobTable::starts() const {
  JobStarts starts;
  for (const auto& [job, state] : states_) starts[job] = state.settled_start;
  return starts;
}

Json JobTable::describe(sys_seconds now) const {
  Json list = Json::array();
  for (const Job job : kJobs) {
    const State& state = states_.at(job);
    list.push_back({{"job", job_name(job)},
                    {"running", state.is_running},
                    {"run", state.run},
                    {"ended", state.ended},
                    {"last_start", base::format_rfc3339(state.last_start)},
                    {"last_exit_status", state.last_status ? Json(*state.last_status) : Json()},
                    {"report", report_name(job, state.last_scope)},
                    {"next_start", time_or_null(next_start(job, now))},
                    {"waits_for_store", waits_for_store(job)}});
  }
  return list;
}

std::string JobTable::summary(sys_seconds now) const {
  std::vector<std::string_view> running;
  std::optional<std::pair<sys_seconds, Job>> first;
  for (const Job job : kJobs) {
    if (is_running(job)) running.push_back(job_name(job));
    const auto next = next_start(job, now);
    if (next && (!first || *next < first->first)) first = std::pair(*next, job);
  }
  if (!running.empty()) return fmt::format("Running: {}", fmt::join(running, ", "));
  if (!first) return "Nothing is scheduled";
  return fmt::format("Next: {} at {}", job_name(first->second), base::shown_time(first->first));
}

}  // namespace backupd
