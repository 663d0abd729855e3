// Who may what over HTTP: every request of the API as every role, with and without a grant, about
// the own and about other accounts.
#include <memory>
#include <set>

#include <gmock/gmock.h>

#include "tests/long_run.h"
#include "tests/servers/account_state.h"
#include "tests/web/page_rules.h"
#include "tests/web/page_world.h"

namespace web {
namespace {

// People whose role covers alice's account only.
struct Column {
  std::string person;
  std::size_t role;  // of kRoles
  bool has_grant = false;

  bool is_owner() const { return role == 0; }
};

const std::vector<Column> kColumns = {{"alice", 0},    {"helper", 1},  {"trusted", 1, true},
                                      {"operator", 2}, {"officer", 3}, {"cleared", 3, true}};

const std::string kNoId(32, '0');
const std::string kNoSnapshot(64, '0');
const std::string kNoMessage(64, '0');

// Status, header fields and body; the time is the only part that may differ.
std::string whole(const WebAnswer& answer) {
  std::string text = std::to_string(answer.status) + "\n";
  for (const auto& [name, value] : answer.headers) {
    if (name != "date") text.append(name).append(": ").append(value).append("\n");
  }
  return text + "\n" + answer.body;
}

// A folder's name as the page has it: what is special in a name is encoded, and one that is not
// modified UTF-7 ends with %.
std::string shown(const std::string& raw_name) {
  std::string name;
  for (const char letter : raw_name) {
    if (letter == '%' || letter == '\n') {
      name += letter == '%' ? "%25" : "%0A";
    } else {
      name += letter;
    }
  }
  return raw_name.find('\n') == std::string::npos ? name : name + "%";
}

// One installation for all tests: each leaves the mail as it found it.
class PageAccessTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    world = std::make_unique<PageWorld>();
    for (const Column& column : kColumns) {
      if (!column.has_grant) continue;
      const json asked = world->as(column.person)
                             .change("POST", of_account("alice", "/grants"), {{"reason", "x"}})
                             .document();
      const std::string path = "/api/v1/grants/" + asked.value("grant", "") + "/approve";
      ASSERT_EQ(world->as("chief").change("POST", path).status, 200) << asked;
    }
  }
  static void TearDownTestSuite() { world.reset(); }

  // The member values of a request about `account`, whose objects all exist.
  MemberValues values_for(const Route& route, const std::string& person,
                          const std::string& account) {
    const Holdings& holdings = world->of(account);
    MemberValues values = {{"account", account},
                           {"at", holdings.newest},
                           {"since", holdings.older},
                           {"from", holdings.older},
                           {"to", holdings.newest},
                           {"message", holdings.message},
                           {"part", "1"},
                           {"folder", "INBOX"},
                           {"q", "letter"},
                           {"selection", R"({"folders": ["INBOX"]})"},
                           {"plan", holdings.plan},
                           {"Idempotency-Key", world->next_key()},
                           // In a body, it is the name of one of the daemon's.
                           {"job", has_member(route, "job") ? holdings.job : "check"},
                           {"tree", holdings.tree},
                           {"days", "1"},
                           {"reason", "ticket 17"},
                           {"password", servers::Server::password(person)}};
    if (has_member(route, "grant")) values["grant"] = open_grant(account);
    if (route.request == "use-code") values["code"] = code_of(account);
    if (has_member(route, "export")) values["export"] = prepared_export(person, account);
    if (route.request == "restore" && account == "alice") {
      const std::string own = world->plan_of(person, account);
      if (!own.empty()) values["plan"] = own;
    }
    return values;
  }

  // One that another person of the staff asked for.
  std::string open_grant(const std::string& account) {
    std::string& grant = grants_[account];
    if (grant.empty()) {
      grant = world->as("asker")
                  .change("POST", of_account(account, "/grants"), {{"reason", "ticket 17"}})
                  .document()
                  .value("grant", "");
    }
    return grant;
  }

  std::string code_of(const std::string& account) {
    std::string& code = codes_[account];
    if (code.empty()) {
      code = world->as(account)
                 .change("POST", of_account(account, "/consent"))
                 .document()
                 .value("code", "");
    }
    return code;
  }

  // An invented one if it is refused.
  std::string prepared_export(const std::string& person, const std::string& account,
                              const json& selection = {{"folders", {"INBOX"}}}) {
    return world->as(person)
        .change("POST", of_account(account, "/exports"), {{"selection", selection}})
        .document()
        .value("export", kNoId);
  }

  // An export is prepared, and the desk decides when it is downloaded: both are one request here.
  WebAnswer send(const Route& route, const PageRequest& request, WebClient& client) {
    WebAnswer answer = request.send_as(client);
    if (route.action != Action::kPrepareExport || answer.status != 201) return answer;
    answer = client.get(answer.document().value("url", ""));
    if (answer.status == 200) answer.status = 201;
    return answer;
  }

  // "done", or the code of the problem.
  static std::string outcome(const Route& route, const WebAnswer& answer) {
    if (answer.status == static_cast<int>(route.status)) return "done";
    static const std::map<std::string, int> statuses = {
        {"forbidden", 403}, {"not_found", 404}, {"unauthenticated", 401}, {"cross_site", 403}};
    const std::string code = answer.code();
    const auto known = statuses.find(code);
    const bool is_known = known != statuses.end() && known->second == answer.status;
    return is_known ? code : std::to_string(answer.status) + " " + answer.body;
  }

  WebAnswer try_login(const Column& column) {
    WebClient client = column.is_owner()
                           ? world->page().visitor()
                           : WebClient(world->as(column.person).socket(), column.person);
    return column.is_owner()
               ? client.log_in(column.person, servers::Server::password(column.person))
               : client.change("POST", "/api/v1/session");
  }

  std::string try_cell(const Route& route, const Column& column, const std::string& account) {
    if (route.request == "login") return outcome(route, try_login(column));
    const bool names_account = has_member(route, "account") || has_member(route, "grant");
    const std::string person =
        column.is_owner() || names_account ? column.person : column.person + " of all";
    const bool sends_password = route.request == "confirm" && column.is_owner();
    const PageRequest request =
        request_of(route, values_for(route, person, account), sends_password ? "password" : "");
    const WebAnswer answer = send(route, request, world->as(person));
    const std::string result = outcome(route, answer);
    if (result == "done") clean_up(route, person, answer.document());
    return result;
  }

  void clean_up(const Route& route, const std::string& person, const json& done) {
    if (has_member(route, "grant")) grants_.clear();
    if (route.request == "logout") world->forget(person);
    if (route.request == "restore") {
      EXPECT_EQ(world->wait_for(person, "alice", done["job"])["state"], "done");
    }
    if (route.request == "use-code") {
      codes_.clear();
      world->as("alice").change("DELETE", "/api/v1/grants/" + done["grant"].get<std::string>());
    }
  }

  static std::string expected(const Route& route, const std::string& leave, const Column& column,
                              bool is_own) {
    // The web server knows whose session it is, and shows nothing of other accounts.
    if (column.is_owner() && !is_own && has_member(route, "account")) return "not_found";
    // Each column has prepared the one that it looks at.
    if (route.action == Action::kShowExport) return "done";
    // The job is alice's own.
    if (route.request == "continue" && leave == "yes" && !column.is_owner()) {
      return is_own ? "forbidden" : "not_found";
    }
    if (leave == "no") return "forbidden";
    if (!is_own) return "not_found";
    return leave == "grant" && !column.has_grant ? "forbidden" : "done";
  }

  // Whether the cell can differ from the one of the same role without a grant.
  static bool is_tried(const Route& route, const std::string& leave, const Column& column) {
    return !column.has_grant || leave == "grant" || route.request == "vanished" ||
           tests::is_long_run();
  }

  // Ids that are not the person's, by the member that takes them; the first one is invented.
  enum class Reach { kBounded, kAll };
  std::map<std::string, std::vector<std::string>, std::less<>> foreign_ids(Reach reach) {
    const Holdings& bob = world->of("bob");
    const Holdings& alice = world->of("alice");
    std::vector<std::string> snapshots = {kNoSnapshot, bob.newest};
    std::vector<std::string> messages = {kNoMessage, bob.message};
    if (reach == Reach::kBounded) {
      snapshots.push_back(alice.beyond_reach);
      messages.push_back(alice.lost_message);
    }
    std::vector<std::string> selections;
    for (const std::string& id : snapshots) {
      selections.push_back(json{{"at", id}, {"folders", {"INBOX"}}}.dump());
    }
    std::vector<std::string> chosen;
    for (const std::string& id : messages) {
      chosen.push_back(json{{"at", alice.newest}, {"messages", {id}}}.dump());
    }
    return {{"at", snapshots},
            {"from", snapshots},
            {"to", snapshots},
            {"since", snapshots},
            {"message", messages},
            {"job", {kNoId, bob.job}},
            {"plan", {kNoId, bob.plan}},
            {"tree", {"RESTORED/x", bob.tree}},
            {"grant", {kNoId, open_grant("bob")}},
            {"export", {kNoId, prepared_export("bob", "bob")}},
            {"selection", selections},
            {"selection of messages", chosen}};
  }

  void expect_equal_answers(const Route& route, const std::string& person,
                            const std::string& member, const std::vector<std::string>& ids) {
    WebClient& client = world->as(person);
    MemberValues values = values_for(route, person, "alice");
    values[member] = ids.front();
    const WebAnswer unknown = send(route, request_of(route, values, member), client);
    EXPECT_TRUE(unknown.status == 404 || unknown.code() == "forbidden")
        << name_of(route) << " " << member << ": " << unknown.body;
    for (const std::string& id : ids) {
      values[member] = id;
      EXPECT_EQ(whole(send(route, request_of(route, values, member), client)), whole(unknown))
          << name_of(route) << " as " << person << ", " << member << " " << id;
    }
  }

  void expect_equal_answers(const std::string& person, Reach reach) {
    const auto foreign = foreign_ids(reach);
    std::set<std::string> tried;  // several routes ask the desk the same
    for (const Route& route : routes()) {
      for (const Member& member : route.members) {
        if (member.name.empty()) break;
        const std::string name(member.name);
        const auto ids = foreign.find(name);
        if (name == "job" && member.place == Place::kBody) continue;  // one of the daemon's
        if (ids == foreign.end()) {
          EXPECT_TRUE(member.place != Place::kPath || name == "account" || name == "part")
              << name_of(route) << ": the test has no " << name << " of bob's";
          continue;
        }
        const bool is_new = tried.insert(std::string(route.request) + " " + name).second;
        if (!is_new && !tests::is_long_run()) continue;
        expect_equal_answers(route, person, name, ids->second);
        if (member.kind != ValueKind::kSelection) continue;
        expect_equal_answers(route, person, name, foreign.at("selection of messages"));
      }
    }
  }

  static std::unique_ptr<PageWorld> world;
  std::map<std::string, std::string> grants_;
  std::map<std::string, std::string> codes_;
};

std::unique_ptr<PageWorld> PageAccessTest::world;

TEST_F(PageAccessTest, EachRoleMayDoWhatTheTableSays) {
  const PageRules rules = documented_rules();
  for (const Route& route : routes()) {
    const std::string name = name_of(route);
    ASSERT_TRUE(rules.contains(name)) << name << ": docs/restore-page.md does not say who may";
    for (const Column& column : kColumns) {
      const std::string& leave = rules.at(name).at(column.role);
      if (!is_tried(route, leave, column)) continue;
      EXPECT_EQ(try_cell(route, column, "alice"), expected(route, leave, column, true))
          << name << " as " << column.person;
      if (!has_member(route, "account") && !has_member(route, "grant")) continue;
      EXPECT_EQ(try_cell(route, column, "bob"), expected(route, leave, column, false))
          << name << " as " << column.person << " about bob";
    }
  }
}

TEST_F(PageAccessTest, AnAccountOfOthersAnswersLikeOneThatDoesNotExist) {
  for (const Route& route : routes()) {
    if (!has_member(route, "account")) continue;
    MemberValues values = values_for(route, "bob", "bob");
    for (const Column& column : kColumns) {
      if (column.has_grant && !tests::is_long_run()) continue;
      WebClient& client = world->as(column.person);
      values["account"] = "bob";
      const std::string bobs = whole(send(route, request_of(route, values), client));
      for (const char* const other : {"mallory", "%2A", "alic?"}) {
        values["account"] = other;
        EXPECT_EQ(whole(send(route, request_of(route, values), client)), bobs)
            << name_of(route) << " as " << column.person << " about " << other;
      }
    }
  }
}

TEST_F(PageAccessTest, WhatIsNotOnesOwnAnswersLikeWhatDoesNotExist) {
  expect_equal_answers("alice", Reach::kBounded);
  if (tests::is_long_run()) expect_equal_answers("trusted", Reach::kAll);
}

TEST_F(PageAccessTest, NeitherAnotherSiteNorAStrangerNorAnotherDoorsSessionDoesAnything) {
  const std::string trees = world->as("alice").get(of_account("alice", "/trees")).body;
  WebClient stranger = world->page().visitor();
  WebClient& alice = world->as("alice");
  WebClient with_staff_session = stranger;
  with_staff_session.set_cookie(world->as("chief").cookie());
  WebClient with_owner_session(world->as("chief").socket(), "chief");
  with_owner_session.set_cookie(alice.cookie());
  for (const Route& route : routes()) {
    const std::string name = name_of(route);
    MemberValues values = values_for(route, "alice", "alice");
    const PageRequest request = request_of(route, values);
    if (route.needs_session()) {
      EXPECT_EQ(request.send_as(stranger).code(), "unauthenticated") << name;
      EXPECT_EQ(request.send_as(with_staff_session).code(), "unauthenticated") << name;
      EXPECT_EQ(request.send_as(with_owner_session).code(), "unauthenticated") << name;
    }
    const auto from = [&](const std::string& headers) {
      return alice.send(request.method, request.path, request.headers + headers,
                        route.is_change() ? request.body.dump() : "");
    };
    EXPECT_EQ(from("Sec-Fetch-Site: cross-site\r\nX-Mailstow: 1\r\n"
                   "Content-Type: application/json\r\n")
                  .code(),
              "cross_site")
        << name;
    if (!route.is_change()) continue;
    EXPECT_EQ(from("Content-Type: application/json\r\n").code(), "cross_site") << name;
    EXPECT_EQ(from("Origin: https://restore.example.org.evil.example\r\nX-Mailstow: 1\r\n"
                   "Content-Type: application/json\r\n")
                  .code(),
              "cross_site")
        << name;
    EXPECT_EQ(
        from("Sec-Fetch-Site: same-origin\r\nX-Mailstow: 1\r\nContent-Type: text/plain\r\n").code(),
        "media_type")
        << name;
  }
  EXPECT_EQ(alice.get("/api/v1/session").status, 200) << "no request ended it";
  EXPECT_EQ(json::parse(alice.get(of_account("alice", "/trees")).body)["trees"].size(),
            json::parse(trees)["trees"].size());
}

TEST_F(PageAccessTest, NothingButWhatIsNamedIsTouched) {
  WebClient& alice = world->as("alice");
  const auto trees_of = [&](const std::string& account) {
    std::map<std::string, std::string> expiry;
    const json trees = world->as(account).get(of_account(account, "/trees")).document()["trees"];
    for (const json& tree : trees) expiry[tree["tree"]] = tree["expires"];
    return expiry;
  };
  const auto alices_trees = trees_of("alice");
  const auto bobs_trees = trees_of("bob");
  const auto bobs_mail = servers::account_state(world->server(), "bob").folders;
  const auto planned = [&](const std::string& folder) {
    return alice
        .change("POST", of_account("alice", "/plans"), {{"selection", {{"folders", {folder}}}}})
        .document();
  };
  for (std::size_t at = 0; at < kOddNames.size(); ++at) {
    const std::string& name = kOddNames[at];
    const std::string encoded = percent_encoded(name);
    const std::string folder = shown(name);
    const json messages = alice
                              .get(of_account("alice", "/snapshots/newest/messages?folder=" +
                                                           percent_encoded(folder)))
                              .document()["messages"];
    ASSERT_EQ(messages.size(), 1U) << name;
    EXPECT_EQ(messages[0]["subject"], "letter " + odd_subject(at)) << name;
    const json plan = planned(folder);
    EXPECT_EQ(plan["document"]["plan"]["messages"], 1) << plan;
    const WebAnswer found = alice.get(of_account("alice", "/search?q=" + encoded));
    EXPECT_TRUE(found.status == 200 || found.status == 400) << name << found.body;
    EXPECT_EQ(found.body.find("private"), std::string::npos) << "bob's mail";
    for (const char* const change : {"extend", "expire"}) {
      json body = {{"tree", name}};
      if (change == std::string_view("extend")) body["days"] = 1;
      const std::string path = of_account("alice", std::string("/trees/") + change);
      EXPECT_EQ(alice.change("POST", path, body).status, 404) << change << name;
    }
    EXPECT_EQ(alice.get(of_account(encoded, "/snapshots")).status, name == "a\nb" ? 400 : 404);
    const WebAnswer account = world->as("asker").get(of_account(encoded, "/snapshots"));
    EXPECT_EQ(account.status, name == "a\nb" ? 400 : 200) << name << account.body;
    if (account.status != 200) continue;
    EXPECT_EQ(account.document()["account"], name);
    EXPECT_EQ(account.document()["snapshots"].size(), 1U);
  }
  for (const char* const folder : {"%2A", "I*", "INBO?", "inbox"}) {
    EXPECT_FALSE(planned(folder).contains("plan")) << folder;
  }
  const json restored = world->restore("alice", "alice", planned("*")["plan"]);
  EXPECT_EQ(restored["state"], "done") << restored;
  auto later = trees_of("alice");
  EXPECT_EQ(later.erase(restored["tree"].get<std::string>()), 1U);
  EXPECT_EQ(later, alices_trees);
  EXPECT_EQ(trees_of("bob"), bobs_trees);
  EXPECT_EQ(servers::account_state(world->server(), "bob").folders, bobs_mail);
  const auto tree =
      servers::account_state(world->server(), "alice", restored["tree"].get<std::string>());
  EXPECT_EQ(tree.message_count(), 1U);
}

TEST_F(PageAccessTest, NamesThatNothingCanHaveAreRefused) {
  WebClient& alice = world->as("alice");
  const auto is_refused = [](int status) {
    return status == 400 || status == 404 || status == 413 || status == 414 || status == 431;
  };
  for (const std::string& name :
       {std::string("a\0b", 3), std::string("\0", 1), std::string(100'000, 'x')}) {
    const std::string encoded = percent_encoded(name);
    std::vector<WebAnswer> answers;
    for (const std::string& path :
         {of_account(encoded, "/snapshots"), of_account("alice", "/search?q=" + encoded),
          of_account("alice", "/snapshots/newest/messages?folder=" + encoded),
          of_account("alice", "/snapshots/" + encoded + "/folders")}) {
      answers.push_back(alice.get(path));
    }
    answers.push_back(alice.change("POST", of_account("alice", "/trees/expire"), {{"tree", name}}));
    for (const json& selection :
         {json{{"folders", {name}}}, json{{"query", name}}, json{{"at", name}}}) {
      answers.push_back(
          alice.change("POST", of_account("alice", "/plans"), {{"selection", selection}}));
    }
    for (const WebAnswer& answer : answers) {
      EXPECT_TRUE(is_refused(answer.status)) << name.size() << " " << answer.status << answer.body;
    }
  }
  EXPECT_EQ(alice.get("/api/v1/session").status, 200);
}

}  // namespace
}  // namespace web
