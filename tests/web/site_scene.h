// The page without HTTP around it, with a desk that answers by a script.
#pragma once

#include <algorithm>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include "base/ascii.h"
#include "tests/web/scripted_desk.h"
#include "web/site.h"

namespace web {

inline const std::string kToken(64, 'a');
inline const std::string kOtherToken(64, 'b');

// As the real desk answers, as far as the page depends on it.
inline std::string desk_answer(const json& request) {
  const std::string name = request["request"];
  if (name == "login") {
    return json{{"ok", true},      {"session", kToken},  {"person", request["name"]},
                {"role", "owner"}, {"account", "alice"}, {"seconds_left", 7200}}
               .dump() +
           "\n";
  }
  if (request.value("session", "") != kToken) {
    return R"({"ok":false,"error":{"code":"unauthenticated","message":"over"}})"
           "\n";
  }
  if (name == "me") {
    return R"({"ok":true,"person":"alice","role":"owner","account":"alice","recent_login":true})"
           "\n";
  }
  if (name == "snapshots")
    return R"({"ok":true,"document":{"snapshots":[]}})"
           "\n";
  if (name == "folders") {
    return R"({"ok":false,"error":{"code":"not_found","message":"there is no such account, )"
           R"(snapshot, folder, message, tree or job"}})"
           "\n";
  }
  return json{{"ok", true}, {"document", json::object()}, {"job", request}}.dump() + "\n";
}

class SiteScene : public testing::Test {
 protected:
  explicit SiteScene(
      const std::string& settings = R"({"desk": "/d", "url": "https://restore.example.org"})")
      : settings_(parse_settings(settings)) {}

  HttpAnswer send(const std::string& method, const std::string& target, HeaderList headers = {},
                  const std::string& body = "") {
    HttpRequest request{.method = method,
                        .target = target,
                        .headers = std::move(headers),
                        .body = body,
                        .peer = {}};
    const auto add = [&](const char* name, const std::string& value) {
      const auto same = [&](const auto& header) { return header.first == name; };
      if (std::ranges::none_of(request.headers, same)) request.headers.emplace_back(name, value);
    };
    add("Host", "restore.example.org");
    add("X-Real-IP", "192.0.2.7");
    HttpAnswer answer = site_.answer(request);
    EXPECT_EQ(request.body.find_first_not_of('\0'), std::string::npos) << "it may hold a password";
    return answer;
  }
  HttpAnswer get(const std::string& path, HeaderList headers = {}) {
    if (has_session_) headers.emplace_back("Cookie", "__Host-mailstow=" + kToken);
    return send("GET", "/api/v1" + path, std::move(headers));
  }
  // As our own page sends it.
  HttpAnswer change(const std::string& method, const std::string& path, const json& body,
                    HeaderList headers = {}) {
    if (has_session_) headers.emplace_back("Cookie", "__Host-mailstow=" + kToken);
    headers.emplace_back("Sec-Fetch-Site", "same-origin");
    headers.emplace_back("X-Mailstow", "1");
    headers.emplace_back("Content-Type", "application/json");
    return send(method, "/api/v1" + path, std::move(headers), body.dump());
  }

  static std::string header_of(const HttpAnswer& answer, const std::string& name) {
    for (const auto& [key, value] : answer.headers) {
      if (base::equal_ignoring_case(key, name)) return value;
    }
    return "";
  }
  static std::string code_of(const HttpAnswer& answer) {
    return json::parse(answer.body, nullptr, false).value("code", "");
  }

  bool has_session_ = true;
  Settings settings_;
  ScriptedDesk desk_{desk_answer};
  DeskClient client_ = desk_.client();
  Renderer renderer_{"/nonexistent"};
  Site site_{settings_, client_, renderer_};
};

}  // namespace web
