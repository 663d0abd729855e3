// The table of routes fits the desk's protocol, and the description of the API fits the table.
#include "web/routes.h"

#include <fstream>
#include <map>
#include <regex>
#include <set>
#include <sstream>

#include <gmock/gmock.h>
#include <nlohmann/json.hpp>

#include "tests/web/page_rules.h"
#include "web/openapi.h"
#include "web/target.h"

namespace web {
namespace {

// The members of each request in the table of docs/desk-protocol.md.
std::map<std::string, std::set<std::string>, std::less<>> documented_requests() {
  std::ifstream file(MAILSTOW_DESK_PROTOCOL);
  std::map<std::string, std::set<std::string>, std::less<>> requests;
  const std::regex word("`([^`]+)`");
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with("| `")) continue;
    std::istringstream cells(line);
    std::string names;
    std::string members;
    std::getline(cells, names, '|');
    std::getline(cells, names, '|');
    std::getline(cells, members, '|');
    std::set<std::string> found;
    for (std::sregex_iterator at(members.begin(), members.end(), word), end; at != end; ++at) {
      found.insert((*at)[1]);
    }
    for (std::sregex_iterator at(names.begin(), names.end(), word), end; at != end; ++at) {
      requests.emplace((*at)[1], found);  // the table of error codes follows
    }
  }
  return requests;
}

TEST(RoutesTest, EveryRouteAsksTheDeskForSomethingThatItKnows) {
  const auto requests = documented_requests();
  ASSERT_TRUE(requests.contains("vanished"));
  std::set<std::string> used;
  for (const Route& route : routes()) {
    if (route.request.empty()) continue;
    const auto known = requests.find(route.request);
    ASSERT_NE(known, requests.end()) << route.path;
    used.insert(std::string(route.request));
    for (const Member& member : route.members) {
      if (member.field.empty() || member.field == "account") continue;
      EXPECT_TRUE(known->second.contains(std::string(member.field)))
          << route.path << " " << member.field;
    }
  }
  for (const char* const request :
       {"login",     "confirm",  "logout",      "me",        "accounts", "snapshots",   "folders",
        "messages",  "show",     "raw",         "search",    "vanished", "diff",        "plan",
        "restore",   "job",      "jobs",        "stop",      "trees",    "extend",      "expire",
        "export",    "audit",    "consent",     "ask-grant", "use-code", "grants",      "approve",
        "revoke",    "continue", "plan-export", "status",    "history",  "daemon-jobs", "run-job",
        "all-trees", "audit-log"}) {
    EXPECT_TRUE(used.contains(request)) << "the page can't " << request;
  }
}

// "owner; helpdesk, officer with a grant", from a row of the table "Who may".
std::string roles_of(const std::array<std::string, 4>& row) {
  std::string always;
  std::string granted;
  for (std::size_t role = 0; role < row.size(); ++role) {
    if (row.at(role) == "no") continue;
    std::string& list = row.at(role) == "yes" ? always : granted;
    list.append(list.empty() ? "" : ", ").append(kRoles.at(role));
  }
  return granted.empty() ? always : always + "; " + granted + " with a grant";
}

TEST(RoutesTest, TheRolesAreThoseOfTheTable) {
  const PageRules rules = documented_rules();
  EXPECT_EQ(rules.size(), routes().size());
  for (const Route& route : routes()) {
    const auto row = rules.find(name_of(route));
    ASSERT_NE(row, rules.end()) << name_of(route);
    const std::string roles = roles_of(row->second);
    const bool is_all = route.roles == "all" && roles == "owner, helpdesk, operator, officer";
    EXPECT_TRUE(is_all || route.roles == roles) << name_of(route) << ": " << roles;
  }
}

TEST(RoutesTest, NoTwoRoutesAreTheSame) {
  std::set<std::string> seen;
  const std::regex member(R"(\{[a-z]+\})");
  for (const Route& route : routes()) {
    const std::string shape = std::regex_replace(std::string(route.path), member, "{}");
    EXPECT_TRUE(seen.insert(std::string(route.method) + shape).second) << route.path;
  }
}

TEST(RoutesTest, EveryMemberOfAPathIsOneOfTheRoute) {
  for (const Route& route : routes()) {
    for (const Member& member : route.members) {
      if (member.name.empty()) continue;
      const bool is_in_path =
          route.path.find("{" + std::string(member.name) + "}") != std::string_view::npos;
      EXPECT_EQ(is_in_path, member.place == Place::kPath) << route.path << " " << member.name;
    }
  }
}

TEST(RoutesTest, APathLeadsToItsRoute) {
  const auto find = [](std::string_view method, std::string_view path) {
    return find_route(method, parse_target(path)->path);
  };
  const auto match = find("GET", "/accounts/alice%2Fx/snapshots/newest/messages");
  ASSERT_TRUE(match);
  EXPECT_EQ(match->route->request, "messages");
  EXPECT_EQ(match->values[0].second, "alice/x");
  EXPECT_EQ(find("POST", "/session/confirm")->route->request, "confirm");
  EXPECT_EQ(find("PUT", "/session")->route, nullptr);
  EXPECT_EQ(find("PUT", "/session")->allowed, "POST, GET, DELETE");
  EXPECT_FALSE(find("GET", "/"));
  EXPECT_FALSE(find("GET", "/sessions"));
  EXPECT_FALSE(find("GET", "/accounts/alice/snapshots/newest/messages/more"));
}

TEST(RoutesTest, TheDescriptionHasEveryRoute) {
  const auto document = openapi_document();
  std::size_t operations = 0;
  for (const auto& [path, methods] : document["paths"].items()) operations += methods.size();
  EXPECT_EQ(operations, routes().size());
  const auto& restore = document["paths"]["/api/v1/accounts/{account}/restores"]["post"];
  EXPECT_EQ(restore["parameters"][1]["name"], "Idempotency-Key");
  EXPECT_EQ(restore["parameters"][1]["required"], true);
  EXPECT_EQ(restore["requestBody"]["content"]["application/json"]["schema"]["required"][0], "plan");
  EXPECT_TRUE(restore["responses"].contains("202"));
}

}  // namespace
}  // namespace web
