#include "restore/desk/granting.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <nlohmann/json.hpp>

#include "base/log.h"
#include "base/program/audit_log.h"
#include "base/time_text.h"
#include "restore/desk/random_text.h"
#include "restore/desk/refusal.h"

namespace desk {

namespace {

using nlohmann::ordered_json;

std::chrono::sys_seconds now_of(const Services& services) {
  return services.environment.clock.now_seconds();
}

bool is_open(const Grant& grant, std::chrono::sys_seconds now) {
  return grant.state != GrantState::kOver && grant.ends > now;
}

ordered_json describe(const Grant& grant, std::chrono::sys_seconds now) {
  const bool is_over = grant.state != GrantState::kOver && grant.ends <= now;
  return {{"grant", grant.id},
          {"account", grant.account},
          {"person", grant.person},
          {"reason", grant.reason},
          {"approved_by", grant.approved_by},
          {"state", word_of(is_over ? GrantState::kOver : grant.state)},
          {"made", base::format_rfc3339(grant.made)},
          {"ends", base::format_rfc3339(grant.ends)}};
}

// Before the change, so that nothing is permitted without a line in the log.
void note(const Services& services, const Caller& caller, std::string command, const Grant& grant) {
  const ordered_json details = {
      {"request", {{"grant", grant.id}, {"person", grant.person}, {"reason", grant.reason}}}};
  const base::Environment& environment = services.environment;
  base::AuditLog(environment.config.store, environment.invoker, environment.clock)
      .append({.program = "mailstow-restore",
               .command = std::move(command),
               .account = grant.account,
               .arguments = {},
               .on_behalf = caller.on_behalf(),
               .details = &details});
}

bool may_decide(const Services& services, const Caller& caller, const std::string& account) {
  return caller.is_owner() ? account == caller.account : covers(services, caller.session, account);
}

// Finds only grants of accounts about which the caller may decide.
Grant find_open(const Services& services, const Request& request, const Caller& caller) {
  auto grant = services.ledger.grant(request.text("grant"));
  const bool is_visible = grant && may_decide(services, caller, grant->account);
  if (!is_visible || !is_open(*grant, now_of(services))) throw Refusal(RefusalCode::kNotFound);
  return *std::move(grant);
}

}  // namespace

bool has_grant(const Services& services, const Session& session, const std::string& account) {
  const auto now = now_of(services);
  return std::ranges::any_of(services.ledger.grants(), [&](const Grant& grant) {
    return grant.state == GrantState::kGiven && grant.ends > now && grant.account == account &&
           grant.person == session.person;
  });
}

ordered_json consent(const Services& services, const Caller& caller) {
  const std::string code = random_code();
  const Grant grant{.id = random_id(),
                    .account = caller.account,
                    .person = {},
                    .code_hash = hash_of(code),
                    .approved_by = caller.session.person,
                    .made = now_of(services),
                    .ends = now_of(services) + services.web().staff.grant};
  note(services, caller, "consent", grant);
  services.ledger.put_grant(grant);
  return {{"ok", true}, {"code", code}, {"ends", base::format_rfc3339(grant.ends)}};
}

ordered_json use_code(const Services& services, const Request& request, const Caller& caller) {
  if (const auto wait = services.codes.wait_or_begin(caller.account, caller.session.person)) {
    throw Refusal(RefusalCode::kThrottled, wait);
  }
  Throttle::Attempt attempt(services.codes, caller.account, caller.session.person);
  const auto now = now_of(services);
  const std::string hash = hash_of(request.text("code"));
  for (Grant grant : services.ledger.grants()) {
    const bool is_it = grant.state == GrantState::kAsked && grant.ends > now &&
                       grant.account == caller.account && grant.code_hash == hash;
    if (!is_it) continue;
    grant.person = caller.session.person;
    grant.state = GrantState::kGiven;
    grant.ends = now + services.web().staff.grant;
    note(services, caller, "use-code", grant);
    services.ledger.put_grant(grant);
    attempt.succeed();
    return {{"ok", true}, {"grant", describe(grant, now)}};
  }
  attempt.fail();
  throw Refusal(RefusalCode::kNotFound);
}

ordered_json ask_grant(const Services& services, const Request& request, const Caller& caller) {
  const auto now = now_of(services);
  const Grant grant{.id = random_id(),
                    .account = caller.account,
                    .person = caller.session.person,
                    .reason = request.text("reason"),
                    .made = now,
                    .ends = now + std::chrono::days(1)};
  note(services, caller, "ask-grant", grant);
  services.ledger.put_grant(grant);
  return {{"ok", true}, {"grant", describe(grant, now)}};
}

ordered_json approve(const Services& services, const Request& request, const Caller& caller) {
  Grant grant = find_open(services, request, caller);
  const bool is_for_officer = grant.state == GrantState::kAsked && grant.code_hash.empty();
  if (!is_for_officer) throw Refusal(RefusalCode::kNotFound);
  if (grant.person == caller.session.person) throw Refusal(RefusalCode::kForbidden);
  grant.approved_by = caller.session.person;
  grant.state = GrantState::kGiven;
  grant.ends = now_of(services) + services.web().staff.grant;
  note(services, caller, "approve", grant);
  services.ledger.put_grant(grant);
  return {{"ok", true}, {"grant", describe(grant, now_of(services))}};
}

ordered_json revoke(const Services& services, const Request& request, const Caller& caller) {
  Grant grant = find_open(services, request, caller);
  grant.state = GrantState::kOver;
  note(services, caller, "revoke", grant);
  services.ledger.put_grant(grant);
  return {{"ok", true}, {"grant", describe(grant, now_of(services))}};
}

ordered_json list_grants(const Services& services, const Caller& caller) {
  auto list = ordered_json::array();
  for (const Grant& grant : services.ledger.grants()) {
    const Session& session = caller.session;
    const bool is_shown = session.role == Role::kHelpdesk
                              ? grant.person == session.person
                              : may_decide(services, caller, grant.account);
    if (is_shown) list.push_back(describe(grant, now_of(services)));
  }
  return {{"ok", true}, {"grants", std::move(list)}};
}

}  // namespace desk
