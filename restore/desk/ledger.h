// What the desk must still know after it is started again: plans, jobs, grants, and what each owner
// did today. Sealed (store/sealed_records.h).
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "store/sealed_records.h"

namespace desk {

// A restore as it was shown to the person: exactly this is done.
struct Plan {
  std::string id;
  std::string account;
  std::string person;
  std::string selection;  // JSON, with the snapshot's whole id
  std::uint64_t messages = 0;
  std::uint64_t bytes = 0;
  std::chrono::sys_seconds made{};
};

enum class JobState {
  kRunning,
  kDone,         // all of it, or all but some messages: see the exit status
  kFailed,       // nothing is restored, and a further attempt would end the same way
  kInterrupted,  // a further attempt completes it
};

// A restore.
struct Job {
  std::string id;
  std::string account;
  std::string person;
  std::string role;
  std::string client;
  std::string key;  // by which a request that is sent again is recognised
  // JSON. Empty once no attempt needs it: the job is over, or it has a tree, which knows it.
  std::string selection;
  std::string selection_hash = {};  // of what was selected at first; the ledger fills it in
  std::uint64_t bytes = 0;          // of mail, as planned
  std::uint64_t sequence = 0;       // of the oldest snapshot that it may read
  std::int64_t since = 0;           // the same as a time, seconds since 1970
  bool has_reach = false;           // the two above count
  std::uint64_t stay = 0;           // seconds; 0: as configured
  JobState state = JobState::kRunning;
  std::string tree = {};  // its name, once it is known
  std::optional<int> exit_status = std::nullopt;
  std::string command = {};  // the command line of its last attempt; empty: unknown, or too long
  std::string error = {};    // the code of the error that ended it
  std::string report = {};   // JSON; empty: not yet, or too long
  std::chrono::sys_seconds made{};
  std::chrono::sys_seconds ended{};
};

enum class GrantState { kAsked, kGiven, kOver };

// Leave for one of the staff to look into an account's mail.
struct Grant {
  std::string id;
  std::string account;
  std::string person;          // who may look; empty: the first who gives the code
  std::string code_hash = {};  // of the owner's consent code; empty: an officer decides
  std::string reason = {};
  std::string approved_by = {};
  GrantState state = GrantState::kAsked;
  std::chrono::sys_seconds made{};
  std::chrono::sys_seconds given{};  // 0: it was not
  std::chrono::sys_seconds ends{};   // or, once it is over, when it ended
  bool is_covert = false;            // the owner does not learn of it
  bool is_settled = false;           // nothing is left to do about its end
  bool operator==(const Grant&) const = default;
};

// The actions of an account's owner on one day, in UTC.
struct Usage {
  std::uint64_t messages = 0;  // opened
  std::uint64_t exports = 0;
  std::uint64_t restores = 0;
  std::uint64_t codes = 0;  // consent codes that were made
  bool has_alarm = false;   // an alarm was raised about the day
};

// Thread-safe. Every change is durable when the function returns. Fails as SealedRecords does.
class Ledger {
 public:
  static constexpr std::chrono::minutes kPlanLasts{10};
  static constexpr std::size_t kMaxPlans = 5;  // of one account and person; a further one ends one
  static constexpr std::chrono::days kJobsKept{30};
  static constexpr std::size_t kMaxCodes = 3;   // unused, of one account; a further one ends one
  static constexpr std::size_t kMaxAsked = 20;  // open requests of one person for a grant
  static constexpr std::size_t kMaxGrants = 2'000;  // in all; a further one ends the memory of one

  Ledger(store::SealedRecords records, const base::Clock& clock);

  void add_plan(const Plan& plan);
  std::optional<Plan> plan(const std::string& id) const;  // unless it is too old

  void add_job(const Job& job);
  std::optional<Job> job(const std::string& id) const;
  // Finds only jobs that were made at `since` or later.
  std::optional<Job> job_with_key(const std::string& account, const std::string& person,
                                  const std::string& key, std::chrono::sys_seconds since) const;
  std::vector<Job> jobs(const std::string& account) const;  // the newest first
  std::vector<Job> running_jobs() const;
  void change_job(const std::string& id, const std::function<void(Job&)>& change);

  // False, and nothing changes, if the person has kMaxAsked requests that are open, or kMaxGrants
  // are open in all.
  bool add_grant(const Grant& grant);
  // False, and nothing changes, if the grant is no longer as it was seen.
  bool replace_grant(const Grant& seen, const Grant& changed);
  std::optional<Grant> grant(const std::string& id) const;
  std::vector<Grant> grants() const;

  Usage usage(const std::string& account) const;  // today's
  // `change` returns whether it changed something. Returns the same.
  bool change_usage(const std::string& account, const std::function<bool(Usage&)>& change);

  std::uint64_t extensions(const std::string& account, const std::string& tree) const;
  void add_extension(const std::string& account, const std::string& tree);

  // Removes what is no longer needed. Returns the ids of the jobs that it removed.
  std::vector<std::string> forget_old();

 private:
  std::string usage_id(const std::string& account) const;

  mutable std::mutex mutex_;
  store::SealedRecords records_;
  const base::Clock& clock_;
};

// Whether the two are the same restore.
bool is_selection_of(const Job& job, const std::string& selection);

bool is_open(const Grant& grant, std::chrono::sys_seconds now);  // asked or given, and not over

std::string_view word_of(JobState state);    // "running", "done", "failed", "interrupted"
std::string_view word_of(GrantState state);  // "asked", "given", "over"

}  // namespace desk
