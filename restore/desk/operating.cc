#include "restore/desk/operating.h"

#include <algorithm>
#include <utility>

#include <nlohmann/json.hpp>

#include "base/json_text.h"
#include "base/program/audit_log.h"
#include "restore/desk/refusal.h"

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

bool covers_all_accounts(const Services& services, const Caller& caller) {
  const auto& people = services.web().staff.people;
  const auto person = std::ranges::find(people, caller.session.person, &base::StaffPerson::person);
  return person != people.end() && person->accounts.empty();
}

}  // namespace

ordered_json show_status(const Services& services, const Caller& caller) {
  const ChildAnswer answer =
      services.children.call_backupd({"status", "--json"}, caller.on_behalf(), kReadPatience);
  ordered_json document = base::parse_json(answer.document);
  if (!document.is_object() || !document.contains("accounts")) {
    throw refusal_for("status", document);
  }
  ordered_json accounts = covered(services, caller, document.at("accounts"));
  if (caller.session.role == Role::kHelpdesk) {
    return {{"ok", true}, {"document", {{"accounts", std::move(accounts)}}}};
  }
  document["accounts"] = std::move(accounts);
  ordered_json& trees = document["trees"];
  trees["overdue"] = covered(services, caller, trees.at("overdue"));
  if (!covers_all_accounts(services, caller)) {
    // Their texts and numbers are about all accounts.
    trees.erase("alarm");
    trees.erase("count");
    // These move what follows them, `trees` too.
    for (const char* key : {"store", "jobs", "daemon"}) document.erase(key);
  }
  return {{"ok", true}, {"document", std::move(document)}};
}

ordered_json run_job(const Services& services, const Request& request, const Caller& caller) {
  if (!covers_all_accounts(services, caller)) throw Refusal(RefusalCode::kForbidden);
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
      services.children.call_backupd({"run", "--now", job}, caller.on_behalf(), kReadPatience);
  return {{"ok", true}, {"started", answer.exit_status == 0}};
}

}  // namespace desk
