#include "base/config/web_config.h"

#include <algorithm>
#include <set>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/glob.h"
#include "base/terminal.h"
#include "base/time_text.h"

namespace base {

namespace {

using nlohmann::json;

// A length of 0 would close the page in a way that looks like a defect.
void read_length(const json& at, const char* key, std::chrono::seconds& length) {
  if (!at.contains(key)) return;
  length = parse_duration(at.at(key).get<std::string>());
  if (length > std::chrono::seconds(0)) return;
  fail(ErrorCode::kConfig, "/web: {}: 0 means nothing: write 1s or more", key);
}

DeskSocketConfig parse_socket(const json& at, const char* path, const char* user) {
  return {.path = at.value(path, std::string()), .user = at.value(user, std::string())};
}

OwnerBounds parse_bounds(const json& at) {
  OwnerBounds bounds;
  bounds.trees = at.value("trees", bounds.trees);
  bounds.restored_bytes = at.value("restored_bytes", bounds.restored_bytes);
  bounds.extensions = at.value("extensions", bounds.extensions);
  read_length(at, "longest_stay", bounds.longest_stay);
  bounds.messages_per_day = at.value("messages_per_day", bounds.messages_per_day);
  bounds.exports_per_day = at.value("exports_per_day", bounds.exports_per_day);
  bounds.restores_per_day = at.value("restores_per_day", bounds.restores_per_day);
  return bounds;
}

SelfServiceConfig parse_self(const json& at) {
  SelfServiceConfig self;
  self.accounts = at.value("accounts", self.accounts);
  read_length(at, "reach", self.reach);
  read_length(at, "session", self.session);
  read_length(at, "recent_login", self.recent_login);
  read_length(at, "refusal_after", self.refusal_after);
  self.socket = parse_socket(at, "socket", "socket_user");
  self.proxy_socket = parse_socket(at, "proxy_socket", "proxy_socket_user");
  self.bounds = parse_bounds(at.value("bounds", json::object()));
  return self;
}

StaffRole parse_role(const std::string& word) {
  if (word == "officer") return StaffRole::kOfficer;
  return word == "operator" ? StaffRole::kOperator : StaffRole::kHelpdesk;
}

StaffConfig parse_staff(const json& at) {
  StaffConfig staff;
  staff.socket = parse_socket(at, "socket", "socket_user");
  read_length(at, "session", staff.session);
  read_length(at, "grant", staff.grant);
  std::set<std::string> names;
  for (const json& person : at.value("people", json::array())) {
    StaffPerson parsed;
    parsed.person = person.at("person").get<std::string>();
    parsed.role = parse_role(person.at("role").get<std::string>());
    parsed.accounts = person.value("accounts", parsed.accounts);
    if (!names.insert(parsed.person).second) {
      fail(ErrorCode::kConfig, "/web/staff/people: {} is there twice: one person has one role",
           escape_for_terminal(parsed.person));
    }
    staff.people.push_back(std::move(parsed));
  }
  return staff;
}

}  // namespace

bool SelfServiceConfig::admits(std::string_view account) const {
  return std::ranges::any_of(accounts,
                             [&](const std::string& glob) { return glob_matches(glob, account); });
}

WebConfig parse_web(const json& at) {
  return {.self = parse_self(at.value("self", json::object())),
          .staff = parse_staff(at.value("staff", json::object()))};
}

std::string_view role_word(StaffRole role) {
  switch (role) {
    case StaffRole::kHelpdesk:
      return "helpdesk";
    case StaffRole::kOperator:
      return "operator";
    case StaffRole::kOfficer:
      return "officer";
  }
  return "";
}

}  // namespace base
