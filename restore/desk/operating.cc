#include "restore/desk/operating.h"

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/json_text.h"
#include "base/program/audit_log.h"
#include "base/reporting/job_record.h"
#include "base/time_text.h"
#include "restore/desk/refusal.h"
#include "restore/desk/shown_command.h"

namespace desk {

namespace {

using nlohmann::ordered_json;

ordered_json covered(const Services& services, const Caller& caller, const ordered_json& entries) {
  auto shown = ordered_json::array();
  for (const ordered_json& entry : entries) {
    if (covers(services, caller.session, entry.at("account"))) shown.push_back(entry);
  }
  return shown;
}

std::string backupd_line(const std::vector<std::string>& words) {
  return shown_line("mailstow-backupd", words);
}

std::vector<std::string> words_to_run(std::string_view job) {
  return {"run", "--now", std::string(job)};
}

// For those who can use a shell on the server.
void add_remedies(ordered_json& accounts) {
  for (ordered_json& account : accounts) {
    for (ordered_json& alarm : account.at("alarms")) {
      const std::string command = shown_remedy(alarm.value("kind", ""), account.at("account"));
      if (!command.empty()) alarm["command"] = command;
    }
  }
}

// The document of a command of mailstow-backupd, which has `member`.
ordered_json call_backupd(const Services& services, const Caller& caller,
                          std::vector<std::string> words, const char* member) {
  words.emplace_back("--json");
  const ChildAnswer answer =
      services.children.call_backupd(words, caller.on_behalf(), kReadPatience);
  ordered_json document = base::parse_json(answer.document);
  if (!document.is_object() || !document.contains(member)) {
    throw refusal_for(words.front(), document);
  }
  return document;
}

// Without the folder that is being backed up: operators see none.
ordered_json read_status(const Services& services, const Caller& caller) {
  ordered_json document = call_backupd(services, caller, {"status"}, "accounts");
  const auto daemon = document.find("daemon");
  if (daemon == document.end() || !daemon->is_object() || !daemon->contains("jobs")) {
    return document;
  }
  for (ordered_json& job : daemon->at("jobs")) {
    if (job.contains("progress") && job.at("progress").is_object()) {
      job.at("progress").erase("folder");
    }
  }
  return document;
}

// The restores that are going on: the desk starts them, not the daemon.
ordered_json running_restores(const Services& services) {
  auto list = ordered_json::array();
  for (const Job& job : services.ledger.running_jobs()) {
    ordered_json progress = services.jobs.progress(job.id);
    if (progress.is_object()) progress.erase("folder");
    list.push_back({{"account", job.account},
                    {"made", base::format_rfc3339(job.made)},
                    {"by", {{"person", job.person}, {"role", job.role}}},
                    {"progress", std::move(progress)}});
  }
  return list;
}

void refuse_part_of_accounts(const Services& services, const Caller& caller) {
  if (!covers_all(services, caller.session)) throw Refusal(RefusalCode::kForbidden);
}

}  // namespace

ordered_json show_status(const Services& services, const Caller& caller) {
  ordered_json document = read_status(services, caller);
  ordered_json accounts = covered(services, caller, document.at("accounts"));
  add_remedies(accounts);
  if (caller.session.role == Role::kHelpdesk) {
    return {{"ok", true},
            {"command", backupd_line({"status"})},
            {"document", {{"accounts", std::move(accounts)}}}};
  }
  document["accounts"] = std::move(accounts);
  ordered_json& trees = document["trees"];
  trees["overdue"] = covered(services, caller, trees.at("overdue"));
  if (!covers_all(services, caller.session)) {
    // Their texts and numbers are about all accounts.
    trees.erase("alarm");
    trees.erase("count");
    // These move what follows them, `trees` too.
    for (const char* key : {"store", "jobs", "daemon"}) document.erase(key);
  }
  return {{"ok", true}, {"command", backupd_line({"status"})}, {"document", std::move(document)}};
}

ordered_json show_history(const Services& services, const Request& request, const Caller& caller) {
  constexpr std::size_t kDays = 90;  // if the request does not say
  refuse_part_of_accounts(services, caller);
  const std::vector<std::string> words = {"status", "--history", "--by-day", "--limit",
                                          std::to_string(request.number_or("days", kDays))};
  return {{"ok", true},
          {"command", backupd_line(words)},
          {"document", call_backupd(services, caller, words, "days")}};
}

ordered_json show_daemon_jobs(const Services& services, const Caller& caller) {
  refuse_part_of_accounts(services, caller);
  ordered_json document = read_status(services, caller);
  ordered_json commands;
  for (const std::string_view job : base::kJobNames) {
    commands[std::string(job)] = backupd_line(words_to_run(job));
  }
  return {{"ok", true},
          {"command", backupd_line({"status"})},
          {"document",
           {{"jobs", document["jobs"]},
            {"daemon", document["daemon"]},
            {"restores", running_restores(services)},
            {"commands", std::move(commands)}}}};
}

ordered_json run_job(const Services& services, const Request& request, const Caller& caller) {
  refuse_part_of_accounts(services, caller);
  const std::string& job = request.text("name");
  const ordered_json details = {{"request", {{"name", job}}}};
  const base::Environment& environment = services.environment;
  base::AuditLog(environment.config.store, environment.invoker, environment.clock)
      .append({.program = "mailstow-restore",
               .command = "run-job",
               .account = {},
               .arguments = {},
               .on_behalf = caller.on_behalf(),
               .details = &details});
  const ChildAnswer answer =
      services.children.call_backupd(words_to_run(job), caller.on_behalf(), kReadPatience);
  return {{"ok", true}, {"started", answer.exit_status == 0}};
}

}  // namespace desk
