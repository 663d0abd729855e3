#include "web/problem.h"

#include <algorithm>
#include <array>
#include <utility>

#include <nlohmann/json.hpp>

#include "base/json_text.h"

namespace web {

namespace {

using nlohmann::ordered_json;

struct ProblemText {
  std::string_view code;
  unsigned status;
  std::string_view title;
};

// In the order of ProblemKind. The first kDeskKinds are the desk's, with its codes.
constexpr std::size_t kDeskKinds = 14;
constexpr std::array<ProblemText, 24> kProblems = {{
    {"usage", 400, "this request makes no sense"},
    {"unauthenticated", 401, "the session is over: log in again"},
    {"forbidden", 403, "your role does not permit this"},
    {"not_found", 404, "there is no such account, snapshot, folder, message, tree or job"},
    {"refused", 403, "name or password are wrong"},
    {"throttled", 429, "too many attempts: try again later"},
    {"confirm", 403, "your login is too old for this: give your password again"},
    {"bound", 429, "this is the limit for now"},
    {"busy", 423, "too much is going on: try again in a moment"},
    {"unavailable", 502, "the mail server does not answer: try again later"},
    {"stranger", 403, "this mailbox is not the one that was backed up"},
    {"would_count", 409, "restored mail would count towards the quota"},
    {"damaged", 500, "a part of the backup can't be read"},
    {"internal", 500, "this did not work: ask your administrator"},
    {"malformed", 400, "this is not a request that the page allows"},
    {"cross_site", 403, "the request does not come from this page"},
    {"no_such_page", 404, "there is no such page"},
    {"method", 405, "the path has no such method"},
    {"wrong_host", 421, "the page has another address"},
    {"too_large", 413, "the request is too large"},
    {"media_type", 415, "the request must be JSON: Content-Type: application/json"},
    {"too_many_requests", 429, "too many requests at a time: try again in a moment"},
    {"desk", 503, "the restore desk does not answer: try again later"},
    {"unshowable", 422, "this message can't be shown: download it instead"},
}};

const ProblemText& text_of(ProblemKind kind) {
  return kProblems.at(static_cast<std::size_t>(kind));
}

}  // namespace

Problem::Problem(ProblemKind kind) : Problem(kind, std::string(text_of(kind).title)) {}

Problem::Problem(ProblemKind kind, const std::string& detail,
                 std::optional<std::chrono::seconds> retry_after)
    : std::runtime_error(detail), kind_(kind), retry_after_(retry_after) {}

unsigned Problem::status() const {
  return text_of(kind_).status;
}

std::string Problem::code() const {
  return std::string(text_of(kind_).code);
}

ordered_json Problem::to_json() const {
  const ProblemText& text = text_of(kind_);
  ordered_json document = {{"type", "urn:mailstow:problem:" + std::string(text.code)},
                           {"title", text.title},
                           {"status", text.status},
                           {"code", text.code},
                           {"detail", what()}};
  if (retry_after_) document["retry_after"] = retry_after_->count();
  return document;
}

HttpAnswer Problem::answer() const {
  return answer_of("application/problem+json", base::json_line(to_json()) + "\n");
}

HttpAnswer Problem::text_answer() const {
  return answer_of("text/plain; charset=utf-8", std::string(what()) + "\n");
}

HttpAnswer Problem::answer_of(std::string type, std::string body) const {
  HttpAnswer answer{
      .status = status(), .headers = {{"Content-Type", std::move(type)}}, .body = std::move(body)};
  if (retry_after_) set_header(answer, "Retry-After", std::to_string(retry_after_->count()));
  return answer;
}

Problem problem_from(const ordered_json& answer) {
  constexpr std::int64_t kMaxWait = 86'400;
  if (!answer.is_object() || !answer.contains("error") || !answer.at("error").is_object()) {
    return Problem(ProblemKind::kInternal);
  }
  const ordered_json& error = answer.at("error");
  const auto text = [&](const char* member) {
    return error.contains(member) && error.at(member).is_string()
               ? error.at(member).get<std::string>()
               : std::string();
  };
  const auto* const end = kProblems.begin() + kDeskKinds;
  const auto* const found =
      std::find_if(kProblems.begin(), end,
                   [code = text("code")](const ProblemText& known) { return known.code == code; });
  if (found == end) return Problem(ProblemKind::kInternal);
  std::optional<std::chrono::seconds> wait;
  if (error.contains("retry_after") && error.at("retry_after").is_number_integer()) {
    wait = std::chrono::seconds(
        std::clamp<std::int64_t>(error.at("retry_after").get<std::int64_t>(), 1, kMaxWait));
  }
  std::string detail = text("message");
  if (detail.empty()) detail = found->title;
  return {static_cast<ProblemKind>(found - kProblems.begin()), detail, wait};
}

}  // namespace web
