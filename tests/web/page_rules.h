// The table "Who may" of docs/restore-page.md, and a request for each row of it.
#pragma once

#include <array>
#include <fstream>
#include <map>
#include <regex>
#include <string>
#include <string_view>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/web/web_client.h"
#include "web/routes.h"
#include "web/target.h"

namespace web {

inline constexpr std::array<std::string_view, 4> kRoles = {"owner", "helpdesk", "operator",
                                                           "officer"};

// "yes", "grant" or "no" for each of kRoles, by "METHOD path".
using PageRules = std::map<std::string, std::array<std::string, 4>>;

inline PageRules documented_rules() {
  std::ifstream file(MAILSTOW_RESTORE_PAGE);
  const std::regex row(
      R"(\| `([A-Z]+ /[^`]*)` \| (yes|no) \| (yes|grant|no) \| (yes|grant|no) \| (yes|grant|no) \|)");
  PageRules rules;
  for (std::string line; std::getline(file, line);) {
    std::smatch cells;
    if (std::regex_match(line, cells, row))
      rules[cells[1]] = {cells[2], cells[3], cells[4], cells[5]};
  }
  return rules;
}

inline std::string name_of(const Route& route) {
  return std::string(route.method) + " " + std::string(route.path);
}

inline bool has_member(const Route& route, std::string_view name) {
  return route.path.find("{" + std::string(name) + "}") != std::string_view::npos;
}

// As text, by the name of the member.
using MemberValues = std::map<std::string, std::string, std::less<>>;

struct PageRequest {
  std::string method;
  std::string path;
  std::string headers = {};
  json body = json::object();

  WebAnswer send_as(WebClient& client) const {
    return method == "GET" ? client.get(path, headers) : client.change(method, path, body, headers);
  }
};

// Has all members that the route requires, and the optional one `also`. A member without a value is
// a failure of the test: give it one.
inline PageRequest request_of(const Route& route, const MemberValues& values,
                              std::string_view also = {}) {
  PageRequest request{.method = std::string(route.method),
                      .path = "/api/v1" + std::string(route.path)};
  for (const Member& member : route.members) {
    if (member.name.empty()) break;
    const std::string name(member.name);
    if (!member.is_required && member.place != Place::kPath && name != also) continue;
    const auto value = values.find(name);
    if (value == values.end()) {
      ADD_FAILURE() << name_of(route) << ": the test has no value for " << name;
      continue;
    }
    switch (member.place) {
      case Place::kPath:
        request.path.replace(request.path.find("{" + name + "}"), name.size() + 2,
                             percent_encoded(value->second));
        break;
      case Place::kQuery:
        request.path += request.path.find('?') == std::string::npos ? '?' : '&';
        request.path += name + "=" + percent_encoded(value->second);
        break;
      case Place::kHeader:
        request.headers += name + ": " + value->second + "\r\n";
        break;
      case Place::kBody:
        request.body[name] =
            member.kind == ValueKind::kText ? json(value->second) : json::parse(value->second);
        break;
    }
  }
  return request;
}

}  // namespace web
