#include "web/api.h"

#include <functional>
#include <span>
#include <string>
#include <utility>

#include <nlohmann/json.hpp>

#include "base/finally.h"
#include "base/json_text.h"
#include "base/log.h"
#include "base/secret.h"
#include "base/wiping_heap.h"
#include "web/answer_headers.h"
#include "web/export_download.h"
#include "web/guard.h"
#include "web/job_events.h"
#include "web/mail_answers.h"
#include "web/openapi.h"
#include "web/problem.h"

namespace web {

namespace {

using nlohmann::ordered_json;

constexpr std::size_t kSmall = std::size_t{64} << 10U;  // bytes of an answer that are not counted

HttpAnswer json_answer(unsigned status, const ordered_json& document) {
  HttpAnswer answer{.status = status, .headers = {{"Content-Type", "application/json"}}};
  if (status != 204) answer.body = base::json_line(document) + "\n";
  protect(answer, AnswerKind::kData);
  return answer;
}

// The part of the desk's answer that the page gets.
ordered_json passed_on(const Route& route, ordered_json answer) {
  if (route.answer.empty()) {
    answer.erase("ok");
    return answer;
  }
  const auto found = answer.find(route.answer);
  if (found == answer.end()) {
    base::log_error("the desk: its answer to {} has no {}", route.request, route.answer);
    throw Problem(ProblemKind::kInternal);
  }
  ordered_json shown = std::move(*found);
  // Beside what the command prints, its command line.
  const auto command = answer.find("command");
  if (shown.is_object() && command != answer.end()) shown["command"] = std::move(*command);
  return shown;
}

std::string text_in(const ordered_json& document, const char* member) {
  const auto found = document.find(member);
  return found != document.end() && found->is_string() ? found->get<std::string>() : "";
}

SessionHolder holder_in(const ordered_json& answer) {
  return {.person = text_in(answer, "person"),
          .role = text_in(answer, "role"),
          .account = text_in(answer, "account")};
}

void wipe_password(ordered_json& asked) {
  const auto found = asked.find("password");
  if (found != asked.end() && found->is_string()) base::wipe(found->get_ref<std::string&>());
}

void forget_session(Services& services, const std::string& token) {
  services.known.remove(token);
  services.shelf.remove(token);
  services.exports.remove(token);
}

// A new token at each login: one that another site or an earlier user left here is good for
// nothing.
HttpAnswer log_in(Visit& visit, ordered_json& asked) {
  const Settings& settings = visit.services.settings;
  if (settings.instance == Instance::kSelf) {
    if (!asked.contains("name") || !asked.contains("password")) {
      throw Problem(ProblemKind::kUsage, "give user and password");
    }
  } else if (asked.contains("name") || asked.contains("password")) {
    throw Problem(ProblemKind::kUsage, "the single sign-on proxy says who you are");
  } else {
    asked["name"] = visit.person;
  }
  ordered_json answer = visit.services.desk.ask(asked);
  const std::string token = text_in(answer, "session");
  if (!is_token(token)) {
    base::log_error("the desk: its answer to login has no session");
    throw Problem(ProblemKind::kInternal);
  }
  visit.services.known.add(token, holder_in(answer));
  if (const auto old = session_token(visit.request, settings)) {
    forget_session(visit.services, *old);
    try {
      visit.services.desk.ask({{"request", "logout"}, {"client", visit.client}, {"session", *old}});
    } catch (const Problem&) {
      // It is over already.
    }
  }
  answer.erase("session");
  HttpAnswer result = json_answer(visit.route.status, passed_on(visit.route, std::move(answer)));
  set_header(result, "Set-Cookie", session_cookie(settings, token));
  return result;
}

HttpAnswer log_out(const Visit& visit, const ordered_json& asked) {
  forget_session(visit.services, visit.token);
  visit.services.desk.ask(asked);
  return json_answer(visit.route.status, {});
}

HttpAnswer describe_instance(const Settings& settings) {
  return json_answer(200, {{"instance", word_of(settings.instance)},
                           {"login", settings.instance == Instance::kSelf ? "password" : "proxy"}});
}

void identify(Visit& visit) {
  const auto token = session_token(visit.request, visit.services.settings);
  if (!token) throw Problem(ProblemKind::kUnauthenticated);
  visit.token = *token;
  visit.holder = holder_of_session(visit.services, visit.client, visit.token);
  // The proxy named a different person at the login.
  if (visit.services.settings.instance != Instance::kSelf && visit.holder.person != visit.person) {
    throw Problem(ProblemKind::kUnauthenticated);
  }
}

HttpAnswer answer_visit(Visit& visit, ordered_json asked) {
  const base::Finally wipe([&] {
    wipe_password(asked);
    base::wipe_returned_frames();  // JSON is written by way of a buffer on the stack
  });
  switch (visit.route.action) {
    case Action::kLogIn:
      return log_in(visit, asked);
    case Action::kLogOut:
      return log_out(visit, asked);
    case Action::kRaw:
      return raw_message(visit, asked);
    case Action::kParts:
      return message_parts(visit, asked);
    case Action::kPart:
      return message_part(visit, asked);
    case Action::kView:
      return message_view(visit, asked);
    case Action::kEvents:
      return job_events(visit, asked);
    case Action::kPrepareExport:
      return prepare_export(visit);
    case Action::kExport:
      return download_export(visit, std::move(asked));
    case Action::kShowExport:
      return show_export(visit);
    default:
      break;
  }
  ordered_json said = visit.services.desk.ask(asked);
  HttpAnswer answer = json_answer(visit.route.status, passed_on(visit.route, std::move(said)));
  if (answer.body.size() > kSmall) answer.held.push_back(take_memory(visit, answer.body.size()));
  return answer;
}

// The answer to a logout: the browser forgets the session also if the desk does not answer, or has
// ended it already.
HttpAnswer without_cookie(const Settings& settings, const std::function<HttpAnswer()>& log_out) {
  HttpAnswer answer;
  try {
    answer = log_out();
  } catch (const Problem& problem) {
    answer = problem.answer();
    protect(answer, AnswerKind::kData);
  }
  set_header(answer, "Set-Cookie", no_cookie(settings));
  return answer;
}

}  // namespace

SessionHolder holder_of_session(Services& services, const std::string& client,
                                const std::string& token) {
  if (const auto known = services.known.find(token)) return *known;
  // It began before this program did.
  const SessionHolder holder =
      holder_in(services.desk.ask({{"request", "me"}, {"client", client}, {"session", token}}));
  services.known.add(token, holder);
  return holder;
}

HttpAnswer api_answer(Services& services, const HttpRequest& request, const Target& target) {
  const auto path = std::span(target.path);
  if (path.size() < 2 || path[0] != kApiRoot || path[1] != kApiVersion) {
    throw Problem(ProblemKind::kNoSuchPage);
  }
  auto match = find_route(request.method, path.subspan(2));
  if (!match) throw Problem(ProblemKind::kNoSuchPage);
  if (match->route == nullptr) {
    HttpAnswer answer = Problem(ProblemKind::kMethod).answer();
    set_header(answer, "Allow", match->allowed);
    protect(answer, AnswerKind::kData);
    return answer;
  }
  const Route& route = *match->route;
  if (route.is_change()) {
    refuse_other_site(request, services.settings);
  } else if (const auto site = request.header("Sec-Fetch-Site");
             site && *site != "same-origin" && *site != "none") {
    throw Problem(ProblemKind::kCrossSite);
  }
  if (route.action == Action::kDescribeApi) return json_answer(route.status, openapi_document());
  if (route.action == Action::kDescribeInstance) return describe_instance(services.settings);
  Visit visit{.services = services,
              .request = request,
              .route = route,
              .client = client_of(request, services.settings),
              .person = person_of(request, services.settings),
              .token = {}};
  const auto answer = [&] {
    if (route.needs_session()) identify(visit);
    return answer_visit(visit, desk_request(visit, target, match->values));
  };
  return route.action == Action::kLogOut ? without_cookie(services.settings, answer) : answer();
}

}  // namespace web
