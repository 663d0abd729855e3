#include "restore/desk/restoring.h"

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/json_text.h"
#include "base/time_text.h"
#include "restore/desk/random_text.h"
#include "restore/desk/refusal.h"
#include "restore/desk/shown_command.h"

namespace desk {

namespace {

using nlohmann::ordered_json;

// A job's record holds it, and has room for 4 MiB.
constexpr std::size_t kMaxSelection = std::size_t{512} << 10U;

constexpr std::size_t kShownJobs = 20;

// All trees of the account: owners have few.
ordered_json trees_of(const Services& services, const Caller& caller) {
  ordered_json trees =
      call_child(services, caller, child_request(services, caller, "trees")).at("trees");
  hide_former_trees(trees, caller);
  return trees;
}

// Two owners of an account are one person who logged in with two names.
bool is_own(const Caller& caller, const Job& job) {
  if (job.role != word_of(caller.session.role)) return false;
  return caller.is_owner() || job.person == caller.session.person;
}

// A query that another person selected by shows what is in the mail.
bool may_see_command(const Caller& caller, const Job& job) {
  return !job.command.empty() && (caller.is_owner() || caller.has_grant || is_own(caller, job));
}

ordered_json describe(const Services& services, const Caller& caller, const Job& job) {
  ordered_json document = {
      {"job", job.id},
      {"state", word_of(job.state)},
      {"tree", job.tree.empty() ? ordered_json() : ordered_json(job.tree)},
      {"can_continue", job.state == JobState::kInterrupted && is_own(caller, job)},
      {"command", may_see_command(caller, job) ? ordered_json(job.command) : ordered_json()},
      {"made", base::format_rfc3339(job.made)},
      {"by", {{"person", job.person}, {"role", job.role}}},
      {"exit_status", job.exit_status ? ordered_json(*job.exit_status) : ordered_json()},
      {"error", job.error.empty() ? ordered_json() : ordered_json(job.error)},
      {"progress",
       job.state == JobState::kRunning ? services.jobs.progress(job.id) : ordered_json()},
      {"report", job.report.empty() ? ordered_json() : base::parse_json(job.report)}};
  if (job.state != JobState::kRunning) document["ended"] = base::format_rfc3339(job.ended);
  return document;
}

ordered_json answer_about(const Services& services, const Caller& caller, const Job& job) {
  return {{"ok", true}, {"job", describe(services, caller, job)}};
}

void refuse_too_much(const Services& services, const Caller& caller, std::uint64_t planned) {
  const base::OwnerBounds& bounds = services.web().self.bounds;
  std::uint64_t trees = 0;
  std::uint64_t bytes = planned;
  for (const ordered_json& tree : trees_of(services, caller)) {
    bytes += tree.at("bytes").get<std::uint64_t>();
    if (tree.at("seconds_left").get<std::int64_t>() > 0) ++trees;
  }
  if (trees >= bounds.trees || bytes > bounds.restored_bytes) throw Refusal(RefusalCode::kBound);
}

void limit_reach(const Services& services, const Caller& caller, Job& job) {
  job.has_reach = true;
  job.sequence = caller.session.sequence;
  job.since = reach_of(services).time_since_epoch().count();
}

// A further attempt for a restore that was interrupted; any other stays as it is.
ordered_json start_again(const Services& services, const Caller& caller, const Job& known) {
  Job again = known;
  if (known.state == JobState::kInterrupted && caller.is_owner()) {
    if (services.jobs.running(caller.account) > 0) {
      throw Refusal(RefusalCode::kBusy, std::chrono::seconds(10));
    }
    if (known.tree.empty()) refuse_too_much(services, caller, known.bytes);
    limit_reach(services, caller, again);
  }
  return answer_about(services, caller, services.jobs.start(again, seen_since(services, caller)));
}

// Staff could find out what is in a mail by what a query selects.
void refuse_query(const Caller& caller, const ordered_json& selection) {
  if (caller.is_owner() || caller.has_grant) return;
  if (selection.contains("query")) throw Refusal(RefusalCode::kForbidden);
}

// Finds only jobs that the person may see.
Job find_job(const Services& services, const Request& request, const Caller& caller) {
  auto job = services.jobs.find(caller.account, request.text("job"));
  if (!job || job->made < seen_since(services, caller)) throw Refusal(RefusalCode::kNotFound);
  return *std::move(job);
}

std::optional<ordered_json> find_tree(const ordered_json& trees, const std::string& name) {
  for (const ordered_json& tree : trees) {
    if (tree.at("tree") == name) return tree;
  }
  return std::nullopt;
}

}  // namespace

ordered_json plan(const Services& services, const Request& request, const Caller& caller) {
  ordered_json selection = base::parse_json(request.text("selection"));
  refuse_query(caller, selection);
  if (request.text("selection").size() > kMaxSelection) {
    throw Refusal(RefusalCode::kUsage, "/selection: it is too long: choose folders");
  }
  ordered_json asked = child_request(services, caller, "plan");
  asked["selection"] = selection;
  const ordered_json shown = call_child(services, caller, asked, kPlanPatience);
  // From now on the snapshot that it was made for, however many follow.
  selection["at"] = shown.at("snapshot");
  asked["selection"] = selection;
  const ordered_json& counts = shown.at("plan");
  const Plan plan{.id = random_id(),
                  .account = caller.account,
                  .person = caller.session.person,
                  .selection = base::json_line(selection),
                  .messages = counts.at("messages"),
                  .bytes = counts.at("bytes"),
                  .made = services.environment.clock.now_seconds()};
  services.ledger.add_plan(plan);
  return {{"ok", true},
          {"plan", plan.id},
          {"seconds_left", std::chrono::seconds(Ledger::kPlanLasts).count()},
          {"command", shown_command(asked)},
          {"document", shown}};
}

ordered_json restore_plan(const Services& services, const Request& request, const Caller& caller,
                          Afterwards& afterwards) {
  const auto mutex = services.locks.of(caller.account);
  const std::scoped_lock lock(*mutex);
  const auto plan = services.ledger.plan(request.text("plan"));
  const bool is_own_plan =
      plan && plan->account == caller.account && plan->person == caller.session.person;
  const auto since = seen_since(services, caller);
  const auto known = services.ledger.job_with_key(caller.account, caller.session.person,
                                                  request.text("key"), since);
  if (known) {
    if (is_own_plan && !is_selection_of(*known, plan->selection)) {
      throw Refusal(RefusalCode::kUsage, "/key: it belongs to another restore");
    }
    return start_again(services, caller, *known);
  }
  if (!is_own_plan) throw Refusal(RefusalCode::kNotFound);
  if (services.jobs.running(caller.account) > 0) {
    throw Refusal(RefusalCode::kBusy, std::chrono::seconds(10));
  }
  Job job{.id = random_id(),
          .account = caller.account,
          .person = caller.session.person,
          .role = std::string(word_of(caller.session.role)),
          .client = caller.client,
          .key = request.text("key"),
          .selection = plan->selection,
          .bytes = plan->bytes,
          .made = services.environment.clock.now_seconds()};
  if (caller.is_owner()) {
    refuse_too_much(services, caller, plan->bytes);
    count(services, caller, Counted::kRestore, afterwards);
    limit_reach(services, caller, job);
  }
  return answer_about(services, caller, services.jobs.start(job, since));
}

ordered_json show_job(const Services& services, const Request& request, const Caller& caller) {
  return answer_about(services, caller, find_job(services, request, caller));
}

ordered_json continue_job(const Services& services, const Request& request, const Caller& caller) {
  const auto mutex = services.locks.of(caller.account);
  const std::scoped_lock lock(*mutex);
  const Job job = find_job(services, request, caller);
  if (!is_own(caller, job)) throw Refusal(RefusalCode::kForbidden);
  return start_again(services, caller, job);
}

ordered_json list_jobs(const Services& services, const Caller& caller) {
  auto list = ordered_json::array();
  for (const Job& job : services.ledger.jobs(caller.account)) {
    if (list.size() == kShownJobs || job.made < seen_since(services, caller)) break;
    ordered_json document = describe(services, caller, job);
    document.erase("report");
    list.push_back(std::move(document));
  }
  return {{"ok", true}, {"jobs", std::move(list)}};
}

ordered_json stop_job(const Services& services, const Request& request, const Caller& caller) {
  const Job job = find_job(services, request, caller);
  return {{"ok", true}, {"stopping", services.jobs.stop(job.id)}};
}

ordered_json extend(const Services& services, const Request& request, const Caller& caller) {
  const auto mutex = services.locks.of(caller.account);
  const std::scoped_lock lock(*mutex);
  const auto tree = find_tree(trees_of(services, caller), request.text("tree"));
  if (!tree) throw Refusal(RefusalCode::kNotFound);
  const std::chrono::seconds length = std::chrono::days(request.number_or("days", 1));
  if (caller.is_owner()) {
    const base::OwnerBounds& bounds = services.web().self.bounds;
    const auto now = services.environment.clock.now_seconds();
    const auto expires = std::max(now, time_of_tree(*tree, "expires")) + length;
    const auto latest = std::min(now, time_of_tree(*tree, "created")) + bounds.longest_stay;
    if (expires > latest) throw Refusal(RefusalCode::kBound);
    // Extending an expired tree adds a tree to the present ones.
    if (tree->at("seconds_left").get<std::int64_t>() <= 0) refuse_too_much(services, caller, 0);
    if (services.ledger.extensions(caller.account, request.text("tree")) >= bounds.extensions) {
      throw Refusal(RefusalCode::kBound);
    }
    services.ledger.add_extension(caller.account, request.text("tree"));
  }
  ordered_json asked = child_request(services, caller, "extend");
  asked["tree"] = request.text("tree");
  asked["seconds"] = static_cast<std::uint64_t>(length.count());
  return {{"ok", true},
          {"command", shown_command(asked)},
          {"document", call_child(services, caller, asked)}};
}

ordered_json expire(const Services& services, const Request& request, const Caller& caller) {
  const auto mutex = services.locks.of(caller.account);
  const std::scoped_lock lock(*mutex);
  // Only the whole name, as it is listed.
  if (!find_tree(trees_of(services, caller), request.text("tree"))) {
    throw Refusal(RefusalCode::kNotFound);
  }
  ordered_json asked = child_request(services, caller, "expire");
  asked["tree"] = request.text("tree");
  return {{"ok", true},
          {"command", shown_command(asked)},
          {"document", call_child(services, caller, asked)}};
}

}  // namespace desk
