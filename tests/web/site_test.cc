// The page without HTTP around it: who may send what, and what protects each answer.
#include "web/site.h"

#include <algorithm>

#include <gmock/gmock.h>

#include "tests/web/site_scene.h"
#include "web/problem.h"

namespace web {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class SiteTest : public SiteScene {
 protected:
  using SiteScene::SiteScene;
};

TEST_F(SiteTest, TheDesksDocumentIsPassedOn) {
  const HttpAnswer answer = get("/accounts/alice/snapshots?limit=20&after=x");
  EXPECT_EQ(answer.status, 200U);
  EXPECT_EQ(json::parse(answer.body), json::parse(R"({"snapshots":[]})"));
  const json asked = desk_.requests().back();
  EXPECT_EQ(asked["limit"], 20);
  EXPECT_EQ(asked["after"], "x");
  EXPECT_EQ(asked["client"], "192.0.2.7");
  EXPECT_EQ(asked["session"], kToken);
  EXPECT_FALSE(asked.contains("account")) << "an owner's session is about one account";
}

TEST_F(SiteTest, EveryAnswerHasTheFieldsThatProtectIt) {
  const std::vector<HttpAnswer> answers = {get("/accounts/alice/snapshots"),
                                           get("/nothing"),
                                           get("/session", {{"Host", "x"}}),
                                           send("GET", "/../x"),
                                           send("GET", "/x.js"),
                                           send("PUT", "/api/v1/session"),
                                           send("POST", "/api/v1/session"),
                                           get("/openapi.json"),
                                           get("/accounts/bob/snapshots"),
                                           change("DELETE", "/session", {})};
  for (const HttpAnswer& answer : answers) {
    EXPECT_THAT(header_of(answer, "Content-Security-Policy"), HasSubstr("default-src 'none'"))
        << answer.status << answer.body;
    EXPECT_EQ(header_of(answer, "X-Content-Type-Options"), "nosniff");
    EXPECT_EQ(header_of(answer, "Cache-Control"), "no-store");
    EXPECT_EQ(header_of(answer, "Referrer-Policy"), "no-referrer");
    EXPECT_EQ(header_of(answer, "X-DNS-Prefetch-Control"), "off");
    EXPECT_EQ(header_of(answer, "Cross-Origin-Resource-Policy"), "same-origin");
    EXPECT_EQ(header_of(answer, "Access-Control-Allow-Origin"), "");
  }
}

TEST_F(SiteTest, ALoginSetsACookieThatOnlyThisHostGets) {
  has_session_ = false;
  const HttpAnswer answer = change("POST", "/session", {{"user", "alice"}, {"password", "secret"}});
  EXPECT_EQ(answer.status, 200U) << answer.body;
  EXPECT_EQ(header_of(answer, "Set-Cookie"),
            "__Host-mailstow=" + kToken + "; Path=/; HttpOnly; SameSite=Strict; Secure");
  EXPECT_THAT(answer.body, Not(HasSubstr(kToken))) << "scripts must not see it";
  EXPECT_EQ(desk_.requests().back()["name"], "alice");
}

TEST_F(SiteTest, ALoginEndsTheSessionThatWasThere) {
  has_session_ = false;
  change("POST", "/session", {{"user", "alice"}, {"password", "x"}},
         {{"Cookie", "__Host-mailstow=" + kOtherToken}});
  EXPECT_THAT(desk_.asked(), ElementsAre("login", "logout"));
  EXPECT_EQ(desk_.requests()[1]["session"], kOtherToken);
}

TEST_F(SiteTest, OnlyOneCookieOfTheRightFormIsASession) {
  has_session_ = false;
  for (const std::string& cookie :
       {std::string("mailstow=") + kToken, "__Host-mailstow=" + kToken + "0",
        "__Host-mailstow=" + std::string(64, 'A'), std::string("__Host-mailstow"),
        "__Host-mailstow=" + kToken + "; __Host-mailstow=" + kOtherToken,
        "x__Host-mailstow=" + kToken}) {
    EXPECT_EQ(get("/session", {{"Cookie", cookie}}).status, 401U) << cookie;
  }
  EXPECT_THAT(desk_.asked(), IsEmpty());
  EXPECT_EQ(get("/session", {{"Cookie", "a=b; __Host-mailstow=" + kToken}}).status, 200U);
}

TEST_F(SiteTest, AnotherSiteChangesNothing) {
  const HeaderList ours = {{"Sec-Fetch-Site", "same-origin"},
                           {"X-Mailstow", "1"},
                           {"Content-Type", "application/json"},
                           {"Cookie", "__Host-mailstow=" + kToken}};
  const auto with = [&](const std::string& name, const std::string& value) {
    HeaderList headers;
    for (const auto& header : ours) {
      if (header.first != name) headers.push_back(header);
    }
    if (!value.empty()) headers.emplace_back(name, value);
    return headers;
  };
  const auto consent = [&](HeaderList headers) {
    return send("POST", "/api/v1/accounts/alice/consent", std::move(headers), "{}");
  };
  for (const char* const site : {"cross-site", "same-site", "none", "Same-Origin"}) {
    EXPECT_EQ(code_of(consent(with("Sec-Fetch-Site", site))), "cross_site") << site;
  }
  EXPECT_EQ(code_of(consent(with("Sec-Fetch-Site", ""))), "cross_site") << "no proof at all";
  EXPECT_EQ(code_of(consent(with("X-Mailstow", ""))), "cross_site");
  EXPECT_EQ(code_of(consent(with("Content-Type", "text/plain"))), "media_type");
  EXPECT_EQ(code_of(consent(with("Content-Type", "application/x-www-form-urlencoded"))),
            "media_type");
  EXPECT_EQ(code_of(consent(with("Content-Type", ""))), "media_type");
  EXPECT_THAT(desk_.asked(), IsEmpty());
  HeaderList old_browser = with("Sec-Fetch-Site", "");
  old_browser.emplace_back("Origin", "https://restore.example.org");
  EXPECT_EQ(consent(old_browser).status, 200U);
  old_browser.back().second = "https://restore.example.org.evil.example";
  EXPECT_EQ(code_of(consent(old_browser)), "cross_site");
  EXPECT_EQ(code_of(get("/session", {{"Sec-Fetch-Site", "cross-site"}})), "cross_site")
      << "nor does it read";
}

TEST_F(SiteTest, AnotherHostNameIsNotThisPage) {
  EXPECT_EQ(code_of(get("/session", {{"Host", "evil.example"}})), "wrong_host");
  EXPECT_EQ(code_of(get("/session", {{"Host", "a"}, {"Host", "restore.example.org"}})),
            "malformed");
  EXPECT_EQ(get("/session", {{"Host", "RESTORE.example.org"}}).status, 200U);
}

TEST_F(SiteTest, OtherAccountsAreAnsweredAlike) {
  const std::string unknown = get("/accounts/alice/snapshots/" + kOtherToken + "/folders").body;
  EXPECT_EQ(json::parse(unknown)["code"], "not_found");
  for (const char* const path : {"/snapshots", "/trees", "/search?q=x", "/jobs", "/audit"}) {
    const HttpAnswer bobs = get(std::string("/accounts/bob") + path);
    EXPECT_EQ(bobs.status, 404U) << path;
    EXPECT_EQ(bobs.body, get(std::string("/accounts/mallory") + path).body);
    EXPECT_EQ(bobs.body, unknown);
  }
  has_session_ = false;
  EXPECT_EQ(get("/accounts/bob/trees", {{"Cookie", "__Host-mailstow=" + kOtherToken}}).status,
            401U);
}

TEST_F(SiteTest, MembersAreThoseOfTheTable) {
  EXPECT_EQ(code_of(get("/accounts/alice/snapshots?limit=x")), "usage");
  EXPECT_EQ(code_of(get("/accounts/alice/snapshots?limit=-1")), "usage");
  EXPECT_EQ(code_of(get("/accounts/alice/snapshots?since=x")), "usage");
  EXPECT_EQ(code_of(get("/accounts/alice/snapshots?session=" + kOtherToken)), "usage");
  EXPECT_EQ(code_of(get("/accounts/alice/search")), "usage") << "q is missing";
  const auto extend = [&](const json& body) {
    return code_of(change("POST", "/accounts/alice/trees/extend", body));
  };
  EXPECT_EQ(extend({{"tree", "RESTORED/x"}, {"days", 7}}), "");
  EXPECT_EQ(extend({{"tree", "RESTORED/x"}}), "usage");
  EXPECT_EQ(extend({{"tree", "RESTORED/x"}, {"days", "7"}}), "usage");
  EXPECT_EQ(extend({{"tree", 1}, {"days", 7}}), "usage");
  EXPECT_EQ(extend({{"tree", "x"}, {"days", 7}, {"client", "198.51.100.1"}}), "usage");
  EXPECT_EQ(extend(json::array()), "usage");
  EXPECT_EQ(code_of(change("POST", "/accounts/alice/restores", {{"plan", std::string(32, '0')}})),
            "usage")
      << "without a key";
  const HttpAnswer started =
      change("POST", "/accounts/alice/restores", {{"plan", std::string(32, '0')}},
             {{"Idempotency-Key", "key-0000000000000001"}});
  EXPECT_EQ(started.status, 202U);
  EXPECT_EQ(json::parse(started.body)["key"], "key-0000000000000001");
}

TEST_F(SiteTest, MethodsAndPathsThatDoNotExist) {
  const HttpAnswer answer = send("PUT", "/api/v1/session");
  EXPECT_EQ(answer.status, 405U);
  EXPECT_EQ(header_of(answer, "Allow"), "POST, GET, DELETE");
  for (const char* const path : {"/api", "/api/v2/session", "/api/v1", "/api/v1/job"}) {
    EXPECT_EQ(send("GET", path).status, 404U) << path;
  }
  for (const char* const path : {"/../etc/passwd", "/a/%2e%2e/b", "//x", "/a%00", "/a\\b"}) {
    EXPECT_EQ(send("GET", path).status, 400U) << path;
  }
  EXPECT_EQ(send("GET", "/static/..%2f..%2fetc%2fpasswd").status, 404U);
}

TEST_F(SiteTest, AProblemHasTheStatusOfItsCode) {
  const auto status_of = [&](const std::string& code) {
    desk_.set_script([code](const json& request) {
      if (request["request"] == "me") return desk_answer(request);
      return R"({"ok":false,"error":{"code":")" + code +
             R"(","message":"why","retry_after":60}})"
             "\n";
    });
    const HttpAnswer answer = get("/accounts/alice/trees");
    EXPECT_EQ(header_of(answer, "Content-Type"), "application/problem+json");
    EXPECT_EQ(header_of(answer, "Retry-After"), code == "nonsense" ? "" : "60");
    return answer.status;
  };
  const std::vector<std::pair<const char*, unsigned>> statuses = {
      {"usage", 400},   {"unauthenticated", 401}, {"forbidden", 403}, {"not_found", 404},
      {"refused", 403}, {"throttled", 429},       {"confirm", 403},   {"bound", 429},
      {"busy", 423},    {"unavailable", 502},     {"stranger", 403},  {"would_count", 409},
      {"damaged", 500}, {"internal", 500},        {"nonsense", 500}};
  for (const auto& [code, status] : statuses) EXPECT_EQ(status_of(code), status) << code;
}

// A browser opened the address itself: in the frame of a message it shows nothing that forbids it.
TEST_F(SiteTest, AProblemInAFrameIsTextThatItCanShow) {
  const std::string path = "/accounts/alice/snapshots/newest/folders";
  const HttpAnswer shown = get(path, {{"Accept", "text/html,application/xhtml+xml,*/*;q=0.8"}});
  EXPECT_EQ(shown.status, 404U);
  EXPECT_EQ(header_of(shown, "Content-Type"), "text/plain; charset=utf-8");
  EXPECT_EQ(shown.body, "there is no such account, snapshot, folder, message, tree or job\n");
  const std::string policy = header_of(shown, "Content-Security-Policy");
  EXPECT_THAT(policy, HasSubstr("frame-ancestors 'self'"));
  EXPECT_THAT(policy, testing::StartsWith("sandbox "));
  const HttpAnswer read = get(path, {{"Accept", "application/json"}});
  EXPECT_EQ(header_of(read, "Content-Type"), "application/problem+json");
  EXPECT_THAT(header_of(read, "Content-Security-Policy"), HasSubstr("frame-ancestors 'none'"));
}

TEST_F(SiteTest, ADeskThatTalksNonsenseIsAProblemOfTheDesk) {
  desk_.set_script([](const json&) { return std::string("nonsense\n"); });
  EXPECT_EQ(get("/session").status, 503U);
  desk_.set_script(
      [](const json&) { return std::string("{\"ok\":true,\"session\":\"short\"}\n"); });
  has_session_ = false;
  const HttpAnswer answer = change("POST", "/session", {{"user", "a"}, {"password", "b"}});
  EXPECT_EQ(answer.status, 500U);
  EXPECT_EQ(header_of(answer, "Set-Cookie"), "");
}

TEST_F(SiteTest, TheProxyMustNameTheClient) {
  EXPECT_EQ(get("/session", {{"X-Real-IP", "localhost"}}).status, 500U);
  EXPECT_EQ(get("/session", {{"X-Real-IP", "192.0.2.1"}, {"X-Real-IP", "192.0.2.2"}}).status, 400U);
  EXPECT_EQ(get("/session", {{"X-Real-IP", "2001:db8::1"}}).status, 200U);
}

TEST_F(SiteTest, OneClientHasSoManyRequestsAtATime) {
  desk_.set_script([](const json& request) {
    if (request["request"] == "me") return desk_answer(request);
    return std::string(R"({"ok":true,"job":{"state":"running"}})"
                       "\n");
  });
  const std::string events = "/accounts/alice/jobs/" + std::string(32, '0') + "/events";
  std::vector<HttpAnswer> open;
  for (unsigned count = 0; count < Site::kMaxOfClient; ++count) open.push_back(get(events));
  EXPECT_EQ(open.back().status, 200U);
  EXPECT_EQ(code_of(get(events)), "too_many_requests");
  EXPECT_EQ(get(events, {{"X-Real-IP", "192.0.2.8"}}).status, 200U) << "another one is served";
  open.pop_back();
  EXPECT_EQ(get(events).status, 200U);
}

TEST_F(SiteTest, AJobIsAStreamOfItsChangesAlsoWhileTheDeskIsBusy) {
  std::size_t looks = 0;
  desk_.set_script([&](const json& request) {
    if (request["request"] == "me") return desk_answer(request);
    if (++looks == 2) {
      return std::string(R"({"ok":false,"error":{"code":"busy","retry_after":1}})"
                         "\n");
    }
    const char* const state = looks > 2 ? "done" : "running";
    return json{{"ok", true}, {"job", {{"state", state}, {"look", looks > 2}}}}.dump() + "\n";
  });
  const std::string path = "/accounts/alice/jobs/" + std::string(32, '0') + "/events";
  const HttpAnswer answer = get(path);
  EXPECT_EQ(header_of(answer, "Content-Type"), "text/event-stream");
  EXPECT_THAT(answer.body, HasSubstr("event: job\nid: "));
  const std::string last = answer.more();
  EXPECT_THAT(last, HasSubstr("event: end\nid: "));
  EXPECT_EQ(answer.more(), "");
  const std::size_t at = last.find("id: ") + 4;
  const std::string id = last.substr(at, last.find('\n', at) - at);
  EXPECT_EQ(get(path, {{"Last-Event-ID", id}}).status, 204U) << "nothing new, and nothing to come";
}

TEST_F(SiteTest, AStreamOfEventsBeginsAlsoWhileTheDeskIsBusy) {
  std::size_t looks = 0;
  desk_.set_script([&](const json& request) {
    if (request["request"] == "me") return desk_answer(request);
    return std::string(++looks == 1 ? R"({"ok":false,"error":{"code":"busy","retry_after":1}})"
                                    : R"({"ok":true,"job":{"state":"done"}})") +
           "\n";
  });
  const HttpAnswer answer = get("/accounts/alice/jobs/" + std::string(32, '0') + "/events");
  EXPECT_EQ(answer.status, 200U);
  EXPECT_EQ(answer.body, "retry: 2000\n\n");
  EXPECT_THAT(answer.more(), HasSubstr("event: end\n"));
}

TEST_F(SiteTest, TheCommandLineIsBesideWhatTheCommandPrints) {
  desk_.set_script([](const json& request) {
    if (request["request"] != "snapshots") return desk_answer(request);
    return std::string(R"({"ok":true,"command":"mailstow-restore snapshots alice",)"
                       R"("document":{"snapshots":[]}})"
                       "\n");
  });
  EXPECT_EQ(json::parse(get("/accounts/alice/snapshots").body),
            json::parse(R"({"snapshots":[],"command":"mailstow-restore snapshots alice"})"));
}

TEST_F(SiteTest, ALogoutAlwaysRemovesTheCookie) {
  const std::string removed =
      "__Host-mailstow=; Path=/; HttpOnly; SameSite=Strict; Secure; Max-Age=0";
  const auto log_out = [&] { return change("DELETE", "/session", json::object()); };
  desk_.set_script([](const json&) { return std::string("nonsense\n"); });
  HttpAnswer answer = log_out();
  EXPECT_EQ(answer.status, 503U) << "the desk is away";
  EXPECT_EQ(header_of(answer, "Set-Cookie"), removed);
  desk_.set_script([](const json& request) {
    json other = request;
    other["session"] = kOtherToken;
    return desk_answer(other);
  });
  answer = log_out();
  EXPECT_EQ(answer.status, 401U) << "the session is over";
  EXPECT_EQ(header_of(answer, "Set-Cookie"), removed);
  desk_.set_script(desk_answer);
  answer = log_out();
  EXPECT_EQ(answer.status, 204U);
  EXPECT_EQ(header_of(answer, "Set-Cookie"), removed);
  answer = send("DELETE", "/api/v1/session", {{"Cookie", "__Host-mailstow=" + kToken}});
  EXPECT_EQ(code_of(answer), "cross_site");
  EXPECT_EQ(header_of(answer, "Set-Cookie"), "") << "another site ends no session";
}

TEST_F(SiteTest, AMessageIsAFileThatNothingOpens) {
  desk_.set_script([](const json& request) {
    if (request["request"] != "raw") return desk_answer(request);
    return stream_of(frame(json::object(), "Subject: x\r\n\r\n<script>"));
  });
  const HttpAnswer answer = get("/accounts/alice/messages/" + kOtherToken + "/raw");
  EXPECT_EQ(header_of(answer, "Content-Type"), "application/octet-stream");
  EXPECT_EQ(header_of(answer, "Content-Disposition"),
            "attachment; filename=\"message-bbbbbbbbbbbb.eml\"");
  EXPECT_THAT(header_of(answer, "Content-Security-Policy"), HasSubstr("sandbox"));
  EXPECT_EQ(answer.size, 22U);
  EXPECT_EQ(answer.more(), "Subject: x\r\n\r\n<script>");
  EXPECT_EQ(answer.more(), "");
}

class StaffSiteTest : public SiteTest {
 protected:
  StaffSiteTest()
      : SiteTest(R"({"instance": "staff", "desk": "/d", "url": "https://restore.example.org",
                     "user_header": "Remote-User"})") {
    desk_.set_script([](const json& request) {
      const std::string person = request["request"] == "login" ? request["name"] : json("carol");
      return json{{"ok", true},        {"session", kToken}, {"person", person},
                  {"role", "officer"}, {"account", ""},     {"document", json::object()}}
                 .dump() +
             "\n";
    });
  }
};

TEST_F(StaffSiteTest, TheProxyNamesThePerson) {
  has_session_ = false;
  EXPECT_EQ(change("POST", "/session", json::object()).status, 401U) << "it names no person";
  EXPECT_EQ(change("POST", "/session", {{"user", "carol"}}, {{"Remote-User", "dave"}}).status,
            400U);
  EXPECT_THAT(desk_.asked(), IsEmpty());
  EXPECT_EQ(change("POST", "/session", json::object(), {{"Remote-User", "carol"}}).status, 200U);
  EXPECT_EQ(desk_.requests().back()["name"], "carol");
  EXPECT_FALSE(desk_.requests().back().contains("password"));
}

TEST_F(StaffSiteTest, AHeaderThatIsThereTwiceNamesNoPerson) {
  EXPECT_EQ(get("/session", {{"Remote-User", "dave"}, {"Remote-User", "carol"}}).status, 400U);
}

TEST_F(StaffSiteTest, ASessionOfAnotherPersonIsOver) {
  EXPECT_EQ(get("/session", {{"Remote-User", "carol"}}).status, 200U);
  EXPECT_EQ(get("/session", {{"Remote-User", "dave"}}).status, 401U);
  EXPECT_EQ(get("/session").status, 401U);
}

TEST_F(StaffSiteTest, TheAccountIsTheDesksToJudge) {
  EXPECT_EQ(get("/accounts/bob/trees", {{"Remote-User", "carol"}}).status, 200U);
  EXPECT_EQ(desk_.requests().back()["account"], "bob");
}

TEST_F(StaffSiteTest, WhatIsAboutAllAccountsNamesNone) {
  const HeaderList carol = {{"Remote-User", "carol"}};
  const auto asked = [&](const std::string& path) {
    EXPECT_EQ(get(path, carol).status, 200U) << path;
    json request = desk_.requests().back();
    for (const char* member : {"client", "session"}) request.erase(member);
    return request;
  };
  EXPECT_EQ(asked("/audit?account=bob&person=dave%40example.org&limit=5&after=77"),
            (json{{"request", "audit-log"},
                  {"account", "bob"},
                  {"person", "dave@example.org"},
                  {"limit", 5},
                  {"after", "77"}}));
  EXPECT_EQ(asked("/trees?limit=9"), (json{{"request", "all-trees"}, {"limit", 9}}));
  EXPECT_EQ(asked("/status/history?days=30"), (json{{"request", "history"}, {"days", 30}}));
  EXPECT_EQ(asked("/jobs"), (json{{"request", "daemon-jobs"}}));
  EXPECT_EQ(asked("/status"), (json{{"request", "status"}}));
  EXPECT_EQ(code_of(get("/trees?account=bob", carol)), "usage");
}

TEST_F(StaffSiteTest, AJobIsStartedByAChangeOnly) {
  const HeaderList carol = {{"Remote-User", "carol"}};
  EXPECT_EQ(change("POST", "/jobs", {{"job", "check"}}, carol).status, 202U);
  EXPECT_EQ(desk_.requests().back()["request"], "run-job");
  EXPECT_EQ(desk_.requests().back()["name"], "check");
  EXPECT_EQ(code_of(change("POST", "/jobs", json::object(), carol)), "usage");
  EXPECT_EQ(code_of(send("POST", "/api/v1/jobs",
                         {{"Cookie", "__Host-mailstow=" + kToken},
                          {"Remote-User", "carol"},
                          {"Content-Type", "application/json"},
                          {"Sec-Fetch-Site", "cross-site"}},
                         R"({"job":"check"})")),
            "cross_site");
}

TEST_F(SiteTest, AFilterByAnotherAccountIsNotPassedOn) {
  EXPECT_EQ(code_of(get("/audit?account=bob")), "not_found");
  EXPECT_EQ(desk_.requests().back()["request"], "me");
}

TEST_F(StaffSiteTest, StaffLoadNoPictures) {
  const std::string view = "/accounts/bob/messages/" + kOtherToken + "/view?pictures=https";
  EXPECT_EQ(code_of(get(view, {{"Remote-User", "carol"}})), "usage");
}

TEST_F(SiteTest, AUsersOwnHeaderNamesNoPerson) {
  has_session_ = false;
  EXPECT_EQ(code_of(change("POST", "/session", json::object(), {{"Remote-User", "alice"}})),
            "usage");
}

}  // namespace
}  // namespace web
