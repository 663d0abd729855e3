#include "restore/desk/front_door.h"

#include <algorithm>
#include <optional>
#include <utility>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/finally.h"
#include "base/json_text.h"
#include "base/log.h"
#include "base/terminal.h"
#include "restore/desk/granting.h"
#include "restore/desk/refusal.h"

namespace desk {

namespace {

using nlohmann::ordered_json;

// A mail server may delay the answer to a wrong password by many seconds.
constexpr std::chrono::seconds kLoginPatience{60};

struct Proof {
  std::string result = "unavailable";
  std::string account = {};
  std::uint64_t sequence = 0;
  std::chrono::sys_seconds holder_since{};
};

// Has a child try the login.
Proof try_login(const Services& services, const std::string& name, const Request& request,
                Door door) {
  ordered_json asked = {{"command", "login"}, {"name", name}};
  if (door == Door::kSelf) {
    asked["password"] = request.password.reveal();
  } else {
    asked["vouched"] = true;
  }
  const base::Finally wipe([&] {
    if (asked.contains("password")) base::wipe(asked["password"].get_ref<std::string&>());
  });
  const base::OnBehalf person{
      .person = name, .role = std::string(word_of(Role::kOwner)), .client = request.client};
  try {
    const ChildAnswer answer = services.children.log_in(asked, person, kLoginPatience);
    const ordered_json document = base::parse_json(answer.document);
    if (answer.exit_status != 0 || !document.is_object()) return {};
    return {.result = document.value("result", "unavailable"),
            .account = document.value("account", ""),
            .sequence = document.value("sequence", std::uint64_t{0}),
            .holder_since = std::chrono::sys_seconds(
                std::chrono::seconds(document.value("since", std::int64_t{0})))};
  } catch (const base::Error& error) {
    base::log_error("login: {}", error.what());
    return {};
  }
}

RefusalCode code_of(const std::string& result) {
  if (result == "refused") return RefusalCode::kRefused;
  return result == "stranger" ? RefusalCode::kStranger : RefusalCode::kUnavailable;
}

// The proof, or a Refusal at a moment that does not depend on the reason.
Proof prove(const Services& services, const std::string& name, const Request& request, Door door) {
  base::Clock& clock = services.environment.clock;
  const auto begun = clock.steady_now();
  const std::string network = network_of(request.client);
  if (const auto wait = services.logins.wait_or_begin(name, network)) {
    throw Refusal(RefusalCode::kThrottled, wait);
  }
  Proof proof;
  {
    Throttle::Attempt attempt(services.logins, name, network);
    proof = try_login(services, name, request, door);
    if (proof.result == "admitted") attempt.succeed();
    if (proof.result == "refused") attempt.fail();
  }
  if (proof.result == "admitted") return proof;
  // A line for programs that watch the log for guessed passwords. The name comes last: it may hold
  // anything, also an address.
  base::log_warning("login failed: address={} reason={} account={}", request.client, proof.result,
                    base::escape_for_terminal(name));
  const std::chrono::milliseconds step = services.web().self.refusal_after;
  const auto passed = std::chrono::floor<std::chrono::milliseconds>(clock.steady_now() - begun);
  clock.sleep_for(step - passed % step);
  throw Refusal(code_of(proof.result));
}

ordered_json begin_session(const Services& services, Session session, std::chrono::seconds length) {
  const auto token = services.sessions.begin(session, length);
  if (!token) throw Refusal(RefusalCode::kBusy, std::chrono::seconds(60));
  return {{"ok", true},
          {"session", *token},
          {"person", session.person},
          {"role", word_of(session.role)},
          {"account", session.account},
          {"seconds_left", length.count()}};
}

ordered_json log_in_staff(const Services& services, const Request& request) {
  const auto& people = services.web().staff.people;
  const auto found = std::ranges::find(people, request.text("name"), &base::StaffPerson::person);
  if (found == people.end()) {
    base::log_warning("login failed: address={} reason=not one of web.staff.people person={}",
                      request.client, base::escape_for_terminal(request.text("name")));
    throw Refusal(RefusalCode::kRefused);
  }
  return begin_session(services,
                       {.id = {},
                        .door = Door::kStaff,
                        .role = role_of(found->role),
                        .person = found->person,
                        .account = {},
                        .client = request.client},
                       services.web().staff.session);
}

}  // namespace

ordered_json log_in(const Services& services, const Request& request, Door door,
                    Afterwards& afterwards) {
  if (door == Door::kStaff) return log_in_staff(services, request);
  const std::string& name = request.text("name");
  const Proof proof = prove(services, name, request, door);
  const Caller caller{.session = {.id = {},
                                  .door = door,
                                  .role = Role::kOwner,
                                  .person = name,
                                  .account = proof.account,
                                  .sequence = proof.sequence,
                                  .holder_since = proof.holder_since,
                                  .client = request.client},
                      .account = proof.account,
                      .client = request.client};
  end_former_consent(services, proof.account, proof.holder_since);
  ordered_json answer = begin_session(services, caller.session, services.web().self.session);
  if (!services.environment.config.reporting.user_mail.login.empty()) {
    afterwards.push_back([services, caller] {
      ordered_json mail = {
          {"command", "mail-login"}, {"account", caller.account}, {"client", caller.client}};
      services.children.call_beside(mail, caller.on_behalf(), kLoginPatience);
    });
  }
  return answer;
}

ordered_json confirm(const Services& services, const Request& request, const Caller& caller) {
  const Proof proof = prove(services, caller.session.person, request, caller.session.door);
  // The name leads to another account now.
  if (proof.account != caller.session.account) throw Refusal(RefusalCode::kUnauthenticated);
  end_former_consent(services, caller.session.account, proof.holder_since);
  services.sessions.confirm(request.session, proof.sequence, proof.holder_since);
  return {{"ok", true}};
}

ordered_json describe(const Services& services, const Caller& caller) {
  const Session& session = caller.session;
  const auto left = std::chrono::floor<std::chrono::seconds>(
      session.ends - services.environment.clock.steady_now());
  ordered_json document = {{"ok", true},
                           {"person", session.person},
                           {"role", word_of(session.role)},
                           {"account", session.account},
                           {"seconds_left", left.count()}};
  if (!caller.is_owner()) {
    document["all_accounts"] = covers_all(services, session);
    return document;
  }
  const base::SelfServiceConfig& self = services.web().self;
  const Usage today = services.ledger.usage(session.account);
  document["recent_login"] = services.sessions.is_recent(session, self.recent_login);
  document["today"] = {
      {"messages", today.messages}, {"exports", today.exports}, {"restores", today.restores}};
  document["bounds"] = {{"trees", self.bounds.trees},
                        {"restored_bytes", self.bounds.restored_bytes},
                        {"extensions", self.bounds.extensions},
                        {"messages_per_day", self.bounds.messages_per_day},
                        {"exports_per_day", self.bounds.exports_per_day},
                        {"restores_per_day", self.bounds.restores_per_day}};
  return document;
}

}  // namespace desk
