#include "restore/desk/ledger.h"

#include <algorithm>
#include <array>
#include <utility>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/json_text.h"
#include "base/time_text.h"
#include "restore/desk/random_text.h"

namespace desk {

namespace {

using nlohmann::ordered_json;

constexpr const char* kPlans = "plan";
constexpr const char* kJobs = "job";
constexpr const char* kGrants = "grant";
constexpr const char* kUsage = "usage";
constexpr const char* kExtensions = "extensions";

constexpr std::chrono::days kUsageKept{2};
constexpr std::chrono::days kGrantsKept{90};
// No tree stays longer, whatever is configured for restores by staff: a year and a bit.
constexpr std::chrono::days kExtensionsKept{400};

std::int64_t to_number(std::chrono::sys_seconds time) {
  return time.time_since_epoch().count();
}

std::chrono::sys_seconds to_time(const ordered_json& number) {
  return std::chrono::sys_seconds(std::chrono::seconds(number.get<std::int64_t>()));
}

std::string to_text(const Plan& plan) {
  return base::json_line({{"account", plan.account},
                          {"person", plan.person},
                          {"selection", plan.selection},
                          {"messages", plan.messages},
                          {"bytes", plan.bytes},
                          {"made", to_number(plan.made)}});
}

// A job is kept for long, and a selection may be large.
bool needs_selection(const Job& job) {
  const bool is_over = job.state == JobState::kDone || job.state == JobState::kFailed;
  return !is_over && job.tree.empty();
}

std::string to_text(const Job& job) {
  return base::json_line(
      {{"account", job.account},
       {"person", job.person},
       {"role", job.role},
       {"client", job.client},
       {"key", job.key},
       {"selection", needs_selection(job) ? job.selection : std::string()},
       {"selection_hash", job.selection_hash.empty() ? hash_of(job.selection) : job.selection_hash},
       {"bytes", job.bytes},
       {"sequence", job.sequence},
       {"since", job.since},
       {"has_reach", job.has_reach},
       {"stay", job.stay},
       {"state", static_cast<int>(job.state)},
       {"tree", job.tree},
       {"command", job.command},
       {"exit_status", job.exit_status ? ordered_json(*job.exit_status) : ordered_json()},
       {"error", job.error},
       {"report", job.report},
       {"made", to_number(job.made)},
       {"ended", to_number(job.ended)}});
}

std::string to_text(const Grant& grant) {
  return base::json_line({{"account", grant.account},
                          {"person", grant.person},
                          {"code_hash", grant.code_hash},
                          {"reason", grant.reason},
                          {"approved_by", grant.approved_by},
                          {"state", static_cast<int>(grant.state)},
                          {"made", to_number(grant.made)},
                          {"given", to_number(grant.given)},
                          {"ends", to_number(grant.ends)},
                          {"is_covert", grant.is_covert},
                          {"is_settled", grant.is_settled}});
}

std::string to_text(const Usage& usage) {
  return base::json_line({{"messages", usage.messages},
                          {"exports", usage.exports},
                          {"restores", usage.restores},
                          {"codes", usage.codes},
                          {"has_alarm", usage.has_alarm}});
}

// The records are authentic: what can't be read is a defect.
Plan to_plan(const std::string& id, const std::string& text) {
  const ordered_json at = base::parse_json(text);
  return {.id = id,
          .account = at.at("account"),
          .person = at.at("person"),
          .selection = at.at("selection"),
          .messages = at.at("messages"),
          .bytes = at.at("bytes"),
          .made = to_time(at.at("made"))};
}

Job to_job(const std::string& id, const std::string& text) {
  const ordered_json at = base::parse_json(text);
  Job job{.id = id,
          .account = at.at("account"),
          .person = at.at("person"),
          .role = at.at("role"),
          .client = at.at("client"),
          .key = at.at("key"),
          .selection = at.at("selection"),
          .selection_hash = at.value("selection_hash", ""),
          .bytes = at.at("bytes"),
          .sequence = at.at("sequence"),
          .since = at.at("since"),
          .has_reach = at.at("has_reach"),
          .stay = at.at("stay"),
          .state = static_cast<JobState>(at.at("state").get<int>()),
          .tree = at.at("tree"),
          .command = at.value("command", ""),
          .error = at.at("error"),
          .report = at.at("report"),
          .made = to_time(at.at("made")),
          .ended = to_time(at.at("ended"))};
  // Earlier versions kept the selection itself.
  if (job.selection_hash.empty()) job.selection_hash = hash_of(job.selection);
  if (!at.at("exit_status").is_null()) job.exit_status = at.at("exit_status").get<int>();
  return job;
}

Grant to_grant(const std::string& id, const std::string& text) {
  const ordered_json at = base::parse_json(text);
  return {.id = id,
          .account = at.at("account"),
          .person = at.at("person"),
          .code_hash = at.at("code_hash"),
          .reason = at.at("reason"),
          .approved_by = at.at("approved_by"),
          .state = static_cast<GrantState>(at.at("state").get<int>()),
          .made = to_time(at.at("made")),
          .given = to_time(at.contains("given") ? at.at("given") : ordered_json(0)),
          .ends = to_time(at.at("ends")),
          .is_covert = at.value("is_covert", false),
          .is_settled = at.value("is_settled", true)};
}

Usage to_usage(const std::string& text) {
  const ordered_json at = base::parse_json(text);
  return {.messages = at.at("messages"),
          .exports = at.at("exports"),
          .restores = at.at("restores"),
          .codes = at.value("codes", std::uint64_t{0}),
          .has_alarm = at.at("has_alarm")};
}

std::string tree_id(const std::string& account, const std::string& tree) {
  return base::json_line(ordered_json::array({account, tree}));
}

void sort_newest_first(std::vector<Job>& jobs) {
  std::ranges::sort(jobs, [](const Job& a, const Job& b) {
    return std::pair(b.made, b.id) < std::pair(a.made, a.id);
  });
}

}  // namespace

Ledger::Ledger(store::SealedRecords records, const base::Clock& clock)
    : records_(std::move(records)), clock_(clock) {}

void Ledger::add_plan(const Plan& plan) {
  const std::scoped_lock lock(mutex_);
  std::vector<Plan> others;
  for (const auto& [id, text] : records_.list(kPlans)) {
    Plan other = to_plan(id, text);
    if (other.account == plan.account && other.person == plan.person) {
      others.push_back(std::move(other));
    }
  }
  std::ranges::sort(others, {}, &Plan::made);
  std::vector<store::RecordChange> changes = {{kPlans, plan.id, to_text(plan)}};
  for (std::size_t at = 0; at + kMaxPlans <= others.size(); ++at) {
    changes.push_back({kPlans, others[at].id, std::nullopt});
  }
  records_.apply(changes);
}

std::optional<Plan> Ledger::plan(const std::string& id) const {
  const std::scoped_lock lock(mutex_);
  const auto text = records_.find(kPlans, id);
  if (!text) return std::nullopt;
  Plan plan = to_plan(id, *text);
  const auto age = clock_.now_seconds() - plan.made;
  if (age < -base::kClockSlack || age > kPlanLasts) return std::nullopt;
  return plan;
}

void Ledger::add_job(const Job& job) {
  const std::scoped_lock lock(mutex_);
  records_.put(kJobs, job.id, to_text(job));
}

std::optional<Job> Ledger::job_with_key(const std::string& account, const std::string& person,
                                        const std::string& key,
                                        std::chrono::sys_seconds since) const {
  const std::scoped_lock lock(mutex_);
  for (const auto& [id, text] : records_.list(kJobs)) {
    Job job = to_job(id, text);
    const bool is_it = job.account == account && job.person == person && job.key == key;
    if (is_it && job.made >= since) return job;
  }
  return std::nullopt;
}

std::optional<Job> Ledger::job(const std::string& id) const {
  const std::scoped_lock lock(mutex_);
  const auto text = records_.find(kJobs, id);
  return text ? std::optional(to_job(id, *text)) : std::nullopt;
}

std::vector<Job> Ledger::jobs(const std::string& account) const {
  const std::scoped_lock lock(mutex_);
  std::vector<Job> jobs;
  for (const auto& [id, text] : records_.list(kJobs)) {
    Job job = to_job(id, text);
    if (job.account == account) jobs.push_back(std::move(job));
  }
  sort_newest_first(jobs);
  return jobs;
}

std::vector<Job> Ledger::running_jobs() const {
  const std::scoped_lock lock(mutex_);
  std::vector<Job> jobs;
  for (const auto& [id, text] : records_.list(kJobs)) {
    Job job = to_job(id, text);
    if (job.state == JobState::kRunning) jobs.push_back(std::move(job));
  }
  return jobs;
}

void Ledger::change_job(const std::string& id, const std::function<void(Job&)>& change) {
  const std::scoped_lock lock(mutex_);
  const auto text = records_.find(kJobs, id);
  if (!text) return;
  Job job = to_job(id, *text);
  change(job);
  records_.put(kJobs, id, to_text(job));
}

bool Ledger::add_grant(const Grant& grant) {
  const std::scoped_lock lock(mutex_);
  const auto now = clock_.now_seconds();
  std::vector<Grant> codes;  // of the account
  std::vector<Grant> over;
  std::size_t asked = 0;  // by the person
  std::size_t all = 0;
  for (const auto& [id, text] : records_.list(kGrants)) {
    Grant other = to_grant(id, text);
    ++all;
    if (!is_open(other, now)) {
      over.push_back(std::move(other));
    } else if (other.state == GrantState::kAsked && other.code_hash.empty()) {
      asked += other.person == grant.person ? 1U : 0U;
    } else if (other.state == GrantState::kAsked && other.account == grant.account) {
      codes.push_back(std::move(other));
    }
  }
  std::vector<store::RecordChange> changes = {{kGrants, grant.id, to_text(grant)}};
  std::ranges::sort(codes, {}, &Grant::made);
  for (std::size_t at = 0; !grant.code_hash.empty() && at + kMaxCodes <= codes.size(); ++at) {
    changes.push_back({kGrants, codes[at].id, std::nullopt});
  }
  if (all + 1 >= kMaxGrants + changes.size() && !over.empty()) {
    changes.push_back({kGrants, std::ranges::min(over, {}, &Grant::made).id, std::nullopt});
  }
  const bool has_room = all + 1 < kMaxGrants + changes.size();
  if (!has_room || (grant.code_hash.empty() && asked >= kMaxAsked)) return false;
  records_.apply(changes);
  return true;
}

bool Ledger::replace_grant(const Grant& seen, const Grant& changed) {
  const std::scoped_lock lock(mutex_);
  const auto text = records_.find(kGrants, seen.id);
  if (!text || to_grant(seen.id, *text) != seen) return false;
  records_.put(kGrants, changed.id, to_text(changed));
  return true;
}

std::optional<Grant> Ledger::grant(const std::string& id) const {
  const std::scoped_lock lock(mutex_);
  const auto text = records_.find(kGrants, id);
  return text ? std::optional(to_grant(id, *text)) : std::nullopt;
}

std::vector<Grant> Ledger::grants() const {
  const std::scoped_lock lock(mutex_);
  std::vector<Grant> grants;
  for (const auto& [id, text] : records_.list(kGrants)) grants.push_back(to_grant(id, text));
  return grants;
}

std::string Ledger::usage_id(const std::string& account) const {
  const std::string day = base::format_timestamp(clock_.now_seconds(), "UTC").substr(0, 8);
  return day + "/" + account;
}

Usage Ledger::usage(const std::string& account) const {
  const std::scoped_lock lock(mutex_);
  const auto text = records_.find(kUsage, usage_id(account));
  return text ? to_usage(*text) : Usage();
}

bool Ledger::change_usage(const std::string& account, const std::function<bool(Usage&)>& change) {
  const std::scoped_lock lock(mutex_);
  const std::string id = usage_id(account);
  const auto text = records_.find(kUsage, id);
  Usage usage = text ? to_usage(*text) : Usage();
  if (!change(usage)) return false;
  records_.put(kUsage, id, to_text(usage));
  return true;
}

std::uint64_t Ledger::extensions(const std::string& account, const std::string& tree) const {
  const std::scoped_lock lock(mutex_);
  const auto text = records_.find(kExtensions, tree_id(account, tree));
  return text ? base::parse_json(*text).at("count").get<std::uint64_t>() : 0;
}

void Ledger::add_extension(const std::string& account, const std::string& tree) {
  const std::scoped_lock lock(mutex_);
  const std::string id = tree_id(account, tree);
  const auto text = records_.find(kExtensions, id);
  const auto count = text ? base::parse_json(*text).at("count").get<std::uint64_t>() : 0;
  records_.put(kExtensions, id,
               base::json_line({{"count", count + 1}, {"at", to_number(clock_.now_seconds())}}));
}

std::vector<std::string> Ledger::forget_old() {
  const std::scoped_lock lock(mutex_);
  const auto now = clock_.now_seconds();
  std::vector<store::RecordChange> changes;
  std::vector<std::string> jobs;
  for (const auto& [id, text] : records_.list(kPlans)) {
    if (now - to_plan(id, text).made > kPlanLasts) changes.push_back({kPlans, id, std::nullopt});
  }
  for (const auto& [id, text] : records_.list(kJobs)) {
    const Job job = to_job(id, text);
    if (job.state == JobState::kRunning || now - job.made <= kJobsKept) continue;
    changes.push_back({kJobs, id, std::nullopt});
    jobs.push_back(id);
  }
  for (const auto& [id, text] : records_.list(kGrants)) {
    const Grant grant = to_grant(id, text);
    const bool is_unused_code =
        grant.state == GrantState::kAsked && !grant.code_hash.empty() && grant.ends <= now;
    if (is_unused_code || now - grant.made > kGrantsKept) {
      changes.push_back({kGrants, id, std::nullopt});
    }
  }
  const std::string oldest_day = base::format_timestamp(now - kUsageKept, "UTC").substr(0, 8);
  for (const auto& [id, text] : records_.list(kUsage)) {
    if (id.substr(0, 8) < oldest_day) changes.push_back({kUsage, id, std::nullopt});
  }
  for (const auto& [id, text] : records_.list(kExtensions)) {
    if (now - to_time(base::parse_json(text).at("at")) > kExtensionsKept) {
      changes.push_back({kExtensions, id, std::nullopt});
    }
  }
  if (!changes.empty()) records_.apply(changes);
  return jobs;
}

bool is_open(const Grant& grant, std::chrono::sys_seconds now) {
  return grant.state != GrantState::kOver && grant.ends > now;
}

bool is_selection_of(const Job& job, const std::string& selection) {
  return job.selection_hash == hash_of(selection);
}

std::string_view word_of(JobState state) {
  constexpr std::array<std::string_view, 4> kWords = {"running", "done", "failed", "interrupted"};
  return kWords.at(static_cast<std::size_t>(state));
}

std::string_view word_of(GrantState state) {
  constexpr std::array<std::string_view, 3> kWords = {"asked", "given", "over"};
  return kWords.at(static_cast<std::size_t>(state));
}

}  // namespace desk
