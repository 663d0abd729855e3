#include "restore/desk/services.h"

#include <algorithm>
#include <utility>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/glob.h"
#include "base/json_text.h"
#include "base/log.h"
#include "base/reporting/mailer.h"
#include "base/terminal.h"
#include "base/time_text.h"
#include "restore/desk/refusal.h"

namespace desk {

namespace {

using nlohmann::ordered_json;

struct CountRule {
  std::uint64_t Usage::*counter;
  unsigned base::OwnerBounds::*bound;
  std::string_view name;
};

CountRule rule_for(Counted what) {
  switch (what) {
    case Counted::kMessage:
      return {&Usage::messages, &base::OwnerBounds::messages_per_day, "messages opened"};
    case Counted::kExport:
      return {&Usage::exports, &base::OwnerBounds::exports_per_day, "exports"};
    case Counted::kRestore:
      break;
  }
  return {&Usage::restores, &base::OwnerBounds::restores_per_day, "restores"};
}

// The account's name is in the text and not in the subject: users may choose it.
void mail_alarm(const base::Environment& environment, const std::string& account,
                const std::string& client, std::string_view what) {
  const base::ReportingConfig& reporting = environment.config.reporting;
  if (!reporting.mail || reporting.reports.to.empty()) return;
  const std::string body = fmt::format(
      "The user of the account {} wanted more {} in a day than web.self.bounds allows, from the\n"
      "address {}. If it was not the user, another person knows the password: change it.\n"
      "The audit log has every request.\n",
      base::escape_for_terminal(account), what, base::escape_for_terminal(client));
  try {
    base::Mailer(*reporting.mail, environment.clock)
        .send({reporting.reports.to, "mailstow: a user reached a bound of the restore page", body});
  } catch (const base::Error& error) {
    base::log_error("mail about a bound: {}", error.what());
  }
}

void raise_alarm(const Services& services, const Caller& caller, std::string_view what,
                 Afterwards& afterwards) {
  base::log_warning("{}: bound reached: {} of a day: person={} address={}",
                    base::escape_for_terminal(caller.account), what,
                    base::escape_for_terminal(caller.session.person), caller.client);
  const bool is_first = services.ledger.change_usage(
      caller.account, [](Usage& usage) { return !std::exchange(usage.has_alarm, true); });
  if (!is_first) return;
  afterwards.push_back(
      [&environment = services.environment, account = caller.account, client = caller.client,
       name = std::string(what)] { mail_alarm(environment, account, client, name); });
}

// Nullptr: the person has not this role.
const base::StaffPerson* find_person(const Services& services, const Session& session) {
  const auto& people = services.web().staff.people;
  const auto person = std::ranges::find(people, session.person, &base::StaffPerson::person);
  if (person == people.end() || role_of(person->role) != session.role) return nullptr;
  return &*person;
}

}  // namespace

std::shared_ptr<std::mutex> AccountLocks::of(const std::string& account) {
  const std::scoped_lock lock(mutex_);
  std::erase_if(locks_, [](const auto& entry) { return entry.second.expired(); });
  std::shared_ptr<std::mutex> found = locks_[account].lock();
  if (!found) {
    found = std::make_shared<std::mutex>();
    locks_[account] = found;
  }
  return found;
}

base::OnBehalf Caller::on_behalf() const {
  return {.person = session.person, .role = std::string(word_of(session.role)), .client = client};
}

bool covers(const Services& services, const Session& session, const std::string& account) {
  const base::StaffPerson* const person = find_person(services, session);
  if (person == nullptr) return false;
  return person->accounts.empty() ||
         std::ranges::any_of(person->accounts, [&](const std::string& glob) {
           return base::glob_matches(glob, account);
         });
}

bool covers_all(const Services& services, const Session& session) {
  const base::StaffPerson* const person = find_person(services, session);
  return person != nullptr && person->accounts.empty();
}

std::chrono::sys_seconds reach_of(const Services& services) {
  return services.environment.clock.now_seconds() - services.web().self.reach;
}

std::chrono::sys_seconds seen_since(const Services& services, const Caller& caller) {
  if (!caller.is_owner()) return std::chrono::sys_seconds::min();
  return std::max(reach_of(services), caller.session.holder_since);
}

ordered_json child_request(const Services& services, const Caller& caller, const char* command) {
  ordered_json request = {{"command", command}, {"account", caller.account}};
  if (caller.is_covert) request["covert"] = true;
  if (caller.is_owner()) {
    request["reach"] = {{"since", reach_of(services).time_since_epoch().count()},
                        {"sequence", caller.session.sequence},
                        {"holder", caller.session.holder_since.time_since_epoch().count()}};
  }
  return request;
}

ordered_json child_request_in_scope(const Services& services, const Caller& caller,
                                    const char* command) {
  ordered_json request = child_request(services, caller, command);
  if (covers_all(services, caller.session)) return request;
  request["scope"] = ordered_json::array();
  if (const auto* const person = find_person(services, caller.session)) {
    request["scope"] = person->accounts;
  }
  return request;
}

ordered_json call_child(const Services& services, const Caller& caller, const ordered_json& request,
                        std::chrono::seconds patience) {
  const ChildAnswer answer = services.children.call(request, caller.on_behalf(), patience);
  ordered_json document = base::parse_json(answer.document);
  const bool is_error =
      !document.is_object() ||
      (answer.exit_status != 0 && document.contains("error") && document.at("error").is_object());
  if (is_error) throw refusal_for(request.value("command", ""), document);
  if (answer.exit_status != 0) document["exit_status"] = answer.exit_status;
  return document;
}

std::chrono::sys_seconds time_of_tree(const ordered_json& tree, const char* field) {
  return base::parse_time(tree.at(field).get<std::string>(), "UTC");
}

void hide_former_trees(ordered_json& trees, const Caller& caller) {
  // Unlike a job, a tree of the owner may be older than the oldest snapshot that is kept.
  if (!caller.is_owner() || caller.session.sequence == 0) return;
  auto own = ordered_json::array();
  for (ordered_json& tree : trees) {
    if (time_of_tree(tree, "created") < caller.session.holder_since) continue;
    own.push_back(std::move(tree));
  }
  trees = std::move(own);
}

void count(const Services& services, const Caller& caller, Counted what, Afterwards& afterwards) {
  if (!caller.is_owner()) return;
  const CountRule rule = rule_for(what);
  const bool is_counted = services.ledger.change_usage(caller.account, [&](Usage& usage) {
    if (usage.*rule.counter >= services.web().self.bounds.*rule.bound) return false;
    ++(usage.*rule.counter);
    return true;
  });
  if (is_counted) return;
  raise_alarm(services, caller, rule.name, afterwards);
  throw Refusal(RefusalCode::kBound);
}

}  // namespace desk
