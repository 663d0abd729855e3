#include "restore/desk/granting.h"

#include <algorithm>
#include <functional>
#include <optional>
#include <utility>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/log.h"
#include "base/program/audit_log.h"
#include "base/terminal.h"
#include "base/time_text.h"
#include "restore/desk/random_text.h"
#include "restore/desk/refusal.h"

namespace desk {

namespace {

using nlohmann::ordered_json;

constexpr std::uint64_t kCodesPerDay = 20;  // of one account
constexpr std::chrono::seconds kMailPatience{60};
constexpr const char* kThisMachine = "127.0.0.1";

std::chrono::sys_seconds now_of(const Services& services) {
  return services.environment.clock.now_seconds();
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
          {"ends", base::format_rfc3339(grant.ends)},
          {"covert", grant.is_covert}};
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

bool may_decide(const Services& services, const Caller& caller, const Grant& grant) {
  if (!caller.is_owner()) return covers(services, caller.session, grant.account);
  return grant.account == caller.account && !grant.is_covert &&
         grant.made >= seen_since(services, caller);
}

// Finds only grants of accounts about which the caller may decide.
Grant find_open(const Services& services, const Request& request, const Caller& caller) {
  auto grant = services.ledger.grant(request.text("grant"));
  const bool is_visible = grant && may_decide(services, caller, *grant);
  if (!is_visible || !is_open(*grant, now_of(services))) throw Refusal(RefusalCode::kNotFound);
  return *std::move(grant);
}

// Changes an open grant, and does so again if another request has changed it meanwhile: a grant
// that is over stays over.
ordered_json change(const Services& services, const Request& request, const Caller& caller,
                    const std::function<void(Grant&)>& make_change) {
  for (;;) {
    const Grant seen = find_open(services, request, caller);
    Grant grant = seen;
    make_change(grant);
    note(services, caller, std::string(rule_of(request.kind).name), grant);
    if (!services.ledger.replace_grant(seen, grant)) continue;
    return {{"ok", true}, {"grant", describe(grant, now_of(services))}};
  }
}

void add(const Services& services, const Caller& caller, std::string command, const Grant& grant) {
  note(services, caller, std::move(command), grant);
  if (services.ledger.add_grant(grant)) return;
  base::log_warning("{}: bound reached: open requests for a grant: person={}",
                    base::escape_for_terminal(grant.account),
                    base::escape_for_terminal(caller.session.person));
  throw Refusal(RefusalCode::kBound);
}

}  // namespace

std::optional<Grant> find_grant(const Services& services, const Session& session,
                                const std::string& account) {
  const auto now = now_of(services);
  std::optional<Grant> found;
  for (Grant& grant : services.ledger.grants()) {
    const bool is_it = grant.state == GrantState::kGiven && grant.ends > now &&
                       grant.account == account && grant.person == session.person;
    if (is_it && (!found || found->is_covert)) found = std::move(grant);
  }
  return found;
}

void mail_about_ended_grants(const Services& services) {
  const auto now = now_of(services);
  for (const Grant& grant : services.ledger.grants()) {
    const bool was_given = grant.given > std::chrono::sys_seconds();
    if (!was_given || grant.is_settled || is_open(grant, now)) continue;
    Grant settled = grant;
    settled.is_settled = true;
    // Before the mail: after a crash in between no mail is sent, and none twice.
    if (!services.ledger.replace_grant(grant, settled) || grant.is_covert) continue;
    if (services.environment.config.reporting.user_mail.grant.empty()) continue;
    const ordered_json mail = {{"command", "mail-grant"},
                               {"account", grant.account},
                               {"person", grant.person},
                               {"given", grant.given.time_since_epoch().count()},
                               {"ended", std::min(grant.ends, now).time_since_epoch().count()}};
    try {
      services.children.call_beside(
          mail, {.person = grant.person, .role = "desk", .client = kThisMachine}, kMailPatience);
    } catch (const base::Error& error) {
      base::log_error("{}: mail about a grant: {}", base::escape_for_terminal(grant.account),
                      error.what());
    }
  }
}

void end_former_consent(const Services& services, const std::string& account,
                        std::chrono::sys_seconds holder_since) {
  for (std::optional<Grant> grant : services.ledger.grants()) {
    const bool is_former =
        grant->account == account && !grant->code_hash.empty() && grant->made < holder_since;
    if (!is_former) continue;
    while (grant && is_open(*grant, now_of(services))) {
      Grant ended = *grant;
      ended.state = GrantState::kOver;
      ended.ends = now_of(services);
      ended.is_settled = true;  // the present owner has nothing to do with it
      if (services.ledger.replace_grant(*grant, ended)) break;
      grant = services.ledger.grant(ended.id);  // one of the staff used the code meanwhile
    }
  }
}

ordered_json consent(const Services& services, const Caller& caller) {
  const bool is_permitted = services.ledger.change_usage(caller.account, [](Usage& usage) {
    if (usage.codes >= kCodesPerDay) return false;
    ++usage.codes;
    return true;
  });
  if (!is_permitted) throw Refusal(RefusalCode::kBound);
  const std::string code = random_code();
  const Grant grant{.id = random_id(),
                    .account = caller.account,
                    .person = {},
                    .code_hash = hash_of(code),
                    .approved_by = caller.session.person,
                    .made = now_of(services),
                    .ends = now_of(services) + services.web().staff.grant};
  add(services, caller, "consent", grant);
  return {{"ok", true}, {"code", code}, {"ends", base::format_rfc3339(grant.ends)}};
}

ordered_json use_code(const Services& services, const Request& request, const Caller& caller) {
  if (const auto wait = services.codes.wait_or_begin(caller.account, caller.session.person)) {
    throw Refusal(RefusalCode::kThrottled, wait);
  }
  Throttle::Attempt attempt(services.codes, caller.account, caller.session.person);
  const auto now = now_of(services);
  const std::string hash = hash_of(request.text("code"));
  for (const Grant& seen : services.ledger.grants()) {
    const bool is_it = seen.state == GrantState::kAsked && seen.ends > now &&
                       seen.account == caller.account && seen.code_hash == hash;
    if (!is_it) continue;
    Grant grant = seen;
    grant.person = caller.session.person;
    grant.state = GrantState::kGiven;
    grant.given = now;
    grant.ends = now + services.web().staff.grant;
    note(services, caller, "use-code", grant);
    if (!services.ledger.replace_grant(seen, grant)) break;  // another one was quicker
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
  add(services, caller, "ask-grant", grant);
  return {{"ok", true}, {"grant", describe(grant, now)}};
}

ordered_json approve(const Services& services, const Request& request, const Caller& caller) {
  return change(services, request, caller, [&](Grant& grant) {
    const bool is_for_officer = grant.state == GrantState::kAsked && grant.code_hash.empty();
    if (!is_for_officer) throw Refusal(RefusalCode::kNotFound);
    if (grant.person == caller.session.person) throw Refusal(RefusalCode::kForbidden);
    grant.approved_by = caller.session.person;
    grant.state = GrantState::kGiven;
    grant.given = now_of(services);
    grant.ends = grant.given + services.web().staff.grant;
    grant.is_covert = request.number_or("covert", 0) == 1;
  });
}

ordered_json revoke(const Services& services, const Request& request, const Caller& caller) {
  return change(services, request, caller, [&](Grant& grant) {
    grant.state = GrantState::kOver;
    grant.ends = now_of(services);
  });
}

ordered_json list_grants(const Services& services, const Caller& caller) {
  auto list = ordered_json::array();
  for (const Grant& grant : services.ledger.grants()) {
    const Session& session = caller.session;
    const bool is_shown = session.role == Role::kHelpdesk ? grant.person == session.person
                                                          : may_decide(services, caller, grant);
    if (is_shown) list.push_back(describe(grant, now_of(services)));
  }
  return {{"ok", true}, {"grants", std::move(list)}};
}

}  // namespace desk
