#include "web/site.h"

#include <algorithm>
#include <exception>
#include <limits>
#include <string>
#include <utility>

#include "base/ascii.h"
#include "base/log.h"
#include "base/secret.h"
#include "web/answer_headers.h"
#include "web/api.h"
#include "web/guard.h"
#include "web/problem.h"
#include "web/static_files.h"
#include "web/target.h"

namespace web {

namespace {

// Whether a browser shows the answer by itself: in the frame of a message, or in a tab.
bool is_shown(const HttpRequest& request) {
  return std::ranges::any_of(request.headers, [](const auto& header) {
    return base::equal_ignoring_case(header.first, "Accept") &&
           header.second.find("text/html") != std::string::npos;
  });
}

HttpAnswer problem_answer(const Problem& problem, const HttpRequest& request) {
  const bool is_text = is_shown(request);
  HttpAnswer answer = is_text ? problem.text_answer() : problem.answer();
  // Only a message's policy permits the frame.
  protect(answer, is_text ? AnswerKind::kMail : AnswerKind::kData);
  return answer;
}

}  // namespace

void Site::take_place(HttpRequest& request) {
  if (request.place) return;
  request.place = clients_.enter(client_of(request, services_.settings));
  if (!request.place) throw Problem(ProblemKind::kTooManyRequests);
}

std::uint64_t Site::admit(HttpRequest& request, std::optional<std::uint64_t> announced) {
  refuse_other_host(request, services_.settings);
  take_place(request);
  if (announced && *announced <= kMaxOfStranger) return kMaxOfStranger;
  const auto token = session_token(request, services_.settings);
  if (!token && !announced) return kMaxOfStranger;
  if (!token) throw Problem(ProblemKind::kUnauthenticated);
  holder_of_session(services_, client_of(request, services_.settings), *token);
  return std::numeric_limits<std::uint64_t>::max();
}

HttpAnswer Site::answer_checked(HttpRequest& request) {
  refuse_other_host(request, services_.settings);
  const auto target = parse_target(request.target);
  if (!target) throw Problem(ProblemKind::kMalformed);
  const bool is_api = !target->path.empty() && target->path.front() == kApiRoot;
  if (!is_api) return static_answer(request, request.target.substr(0, request.target.find('?')));
  take_place(request);
  return api_answer(services_, request, *target);
}

void Site::forget_old() {
  services_.shelf.forget_old();
  services_.exports.forget_old();
}

HttpAnswer Site::answer(HttpRequest& request) {
  HttpAnswer answer;
  try {
    answer = answer_checked(request);
  } catch (const Problem& problem) {
    answer = problem_answer(problem, request);
  } catch (const std::exception& error) {
    base::log_error("{} {}: {}", request.method, request.target, error.what());
    answer = problem_answer(Problem(ProblemKind::kInternal), request);
  }
  base::wipe(request.body);
  if (request.place) answer.held.push_back(std::move(request.place));
  return answer;
}

}  // namespace web
