// Bounds on clients, accounts, and a renderer that was taken over.
#include <filesystem>
#include <fstream>

#include <gmock/gmock.h>

#include "tests/temporary_directory.h"
#include "tests/web/scripted_desk.h"
#include "web/problem.h"
#include "web/site.h"

namespace web {
namespace {

const std::string kAliceToken(64, 'a');
const std::string kUnknownToken(64, 'b');
const std::string kMessagePath = "/accounts/alice/messages/" + std::string(64, 'c');

class SiteLimitsTest : public testing::Test {
 protected:
  static std::string desk_answer_to(const json& request) {
    if (request.value("session", "") != kAliceToken) {
      return R"({"ok":false,"error":{"code":"unauthenticated","message":"over"}})"
             "\n";
    }
    if (request["request"] == "raw") return stream_of(frame(json::object(), "Subject: x\r\n\r\n"));
    return R"({"ok":true,"person":"alice","role":"owner","account":"alice"})"
           "\n";
  }

  // As alice's browser sends it.
  HttpRequest request_of(const std::string& method, const std::string& path) const {
    return {.method = method,
            .target = "/api/v1" + path,
            .headers = {{"Host", "restore.example.org"},
                        {"X-Real-IP", client_address_},
                        {"Cookie", "__Host-mailstow=" + kAliceToken}},
            .body = {},
            .peer = {}};
  }
  HttpAnswer get(const std::string& path) {
    HttpRequest request = request_of("GET", path);
    return site_.answer(request);
  }
  static std::string code_of(const HttpAnswer& answer) {
    return json::parse(answer.body, nullptr, false).value("code", "");
  }

  tests::TemporaryDirectory directory_;
  base::Path program_ = directory_.path() / "program";
  std::string client_address_ = "192.0.2.7";
  Settings settings_ = parse_settings(R"({"desk": "/d", "url": "https://restore.example.org"})");
  ScriptedDesk desk_{desk_answer_to};
  DeskClient client_ = desk_.client();
  Renderer renderer_{program_.string()};
  Site site_{settings_, client_, renderer_};
};

TEST_F(SiteLimitsTest, AnAnswerHasItsPlaceUntilItHasBeenSent) {
  std::vector<HttpAnswer> unsent;
  for (unsigned count = 0; count < Site::kMaxOfClient; ++count) {
    unsent.push_back(get(count % 2 == 0 ? "/session" : "/accounts/bob/snapshots"));
  }
  EXPECT_EQ(code_of(get("/session")), "too_many_requests");
  client_address_ = "192.0.2.8";
  EXPECT_EQ(get("/session").status, 200U);
  client_address_ = "192.0.2.7";
  unsent.pop_back();
  EXPECT_EQ(get("/session").status, 200U);
}

TEST_F(SiteLimitsTest, ABodyNeedsAPlaceAndALongOneASession) {
  const auto request = [&](const std::string& token) {
    HttpRequest head = request_of("POST", "/accounts/alice/plans");
    head.headers.back().second = "__Host-mailstow=" + token;
    return head;
  };
  constexpr std::uint64_t kLong = Site::kMaxOfStranger + 1;
  const auto admitted = [&](HttpRequest head, std::optional<std::uint64_t> announced) {
    try {
      return std::to_string(site_.admit(head, announced) > kLong);
    } catch (const Problem& problem) {
      return std::string(problem.to_json()["code"]);
    }
  };
  EXPECT_EQ(admitted(request(""), kLong - 1), "0");
  EXPECT_EQ(admitted(request(""), std::nullopt), "0");
  EXPECT_EQ(admitted(request(""), kLong), "unauthenticated");
  EXPECT_EQ(admitted(request(kUnknownToken), kLong), "unauthenticated") << "an invented session";
  EXPECT_EQ(admitted(request(kAliceToken), kLong), "1");
  EXPECT_EQ(admitted(request(kAliceToken), std::nullopt), "1");
  std::vector<HttpRequest> uploads(Site::kMaxOfClient, request(kAliceToken));
  for (HttpRequest& upload : uploads) site_.admit(upload, 1);
  EXPECT_EQ(admitted(request(kAliceToken), 1), "too_many_requests");
  HttpRequest elsewhere = request(kAliceToken);
  elsewhere.headers[0].second = "evil.example";
  EXPECT_EQ(admitted(elsewhere, 1), "wrong_host");
}

// The renderer is a script that prints whatever it wants.
class TakenOverTest : public SiteLimitsTest {
 protected:
  void set_renderer(const std::string& script) const {
    std::ofstream(program_) << "#!/bin/sh\n" << script;
    std::filesystem::permissions(program_, std::filesystem::perms::owner_all);
  }

  // The list of parts, if the renderer prints this for it.
  HttpAnswer parts(const std::string& output) {
    std::ofstream(directory_.path() / "output") << frame(json::object(), output);
    set_renderer("cat " + (directory_.path() / "output").string() + "\n");
    return get(kMessagePath + "/parts");
  }
};

TEST_F(TakenOverTest, AnswersThatAreNotReadAreBoundedForEachAccount) {
  set_renderer("printf '{\"size\":60000000}\\n'; head -c 60000000 /dev/zero\n");
  const HttpAnswer first = get(kMessagePath + "/parts/1");
  EXPECT_EQ(first.body.size(), 60'000'000U);
  {
    const HttpAnswer second = get(kMessagePath + "/parts/1");
    EXPECT_EQ(second.status, 200U);
    EXPECT_EQ(code_of(get(kMessagePath + "/parts/1")), "busy");
  }
  EXPECT_EQ(get(kMessagePath + "/parts/1").status, 200U);
}

TEST_F(TakenOverTest, ItsOutputIsChecked) {
  const json part = {{"part", 1}, {"type", "a/b"}, {"name", ""}, {"attachment", true}, {"size", 7}};
  const json list = {
      {"from", "a"}, {"to", ""},          {"cc", ""},         {"subject", ""},
      {"date", ""},  {"has_html", false}, {"complete", true}, {"parts", json::array({part})}};
  const auto with = [&](const char* member, const json& value) {
    json changed = list;
    changed[member] = value;
    return changed;
  };
  EXPECT_EQ(json::parse(parts(list.dump()).body), list);
  EXPECT_EQ(json::parse(parts(with("extra", "x").dump()).body), list) << "only what is expected";
  const std::string deep(500'000, '[');
  json wrong_part = part;
  wrong_part["size"] = "7";
  for (const std::string& output :
       {deep, "{\"from\":" + deep, with("from", 1).dump(), with("parts", 1).dump(),
        with("parts", json::array({wrong_part})).dump(), with("parts", json::array({1})).dump(),
        with("parts", std::vector<json>(10'001, part)).dump(), std::string("[]"), std::string("{}"),
        std::string("{\"from\":\"\xff\"}"), std::string()}) {
    EXPECT_EQ(code_of(parts(output)), "unshowable") << output.substr(0, 100);
  }
}

TEST_F(TakenOverTest, ItsHeadIsChecked) {
  std::ofstream(directory_.path() / "output") << "{\"name\":" << std::string(500'000, '[') << "\n";
  set_renderer("cat " + (directory_.path() / "output").string() + "\n");
  EXPECT_GE(get(kMessagePath + "/parts/1").status, 422U);
  std::ofstream(directory_.path() / "output")
      << R"({"name":"x","padding":")" << std::string(20'000, 'x') << R"(","size":0})"
      << "\n";
  EXPECT_GE(get(kMessagePath + "/parts/1").status, 422U) << "longer than a name may be";
  std::ofstream(directory_.path() / "output") << R"({"name":[[[[[[[1]]]]]]],"size":0})"
                                              << "\n";
  EXPECT_EQ(code_of(get(kMessagePath + "/parts/1")), "unshowable");
}

}  // namespace
}  // namespace web
