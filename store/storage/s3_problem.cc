#include "store/storage/s3_problem.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include <fmt/core.h>

#include "base/error.h"
#include "base/terminal.h"
#include "base/time_text.h"
#include "store/storage/s3_document.h"
#include "store/storage/storage_error.h"

namespace store {

namespace {

using ProblemKind = S3Problem::Kind;

constexpr std::size_t kMaxWords = 300;  // of a server's message
constexpr std::chrono::seconds kMaxPause = std::chrono::minutes(5);

// AWS's codes, and those that others have besides.
constexpr std::array kKinds{
    std::pair{"NoSuchKey", ProblemKind::kAbsent},
    std::pair{"NoSuchVersion", ProblemKind::kAbsent},
    std::pair{"NoSuchBucket", ProblemKind::kGone},
    std::pair{"PreconditionFailed", ProblemKind::kExists},
    std::pair{"InvalidRange", ProblemKind::kBehindEnd},
    std::pair{"QuotaExceeded", ProblemKind::kNoSpace},
    std::pair{"InsufficientStorage", ProblemKind::kNoSpace},
    std::pair{"EntityTooLarge", ProblemKind::kNoSpace},  // Swift's quotas
    std::pair{"XMinioStorageFull", ProblemKind::kNoSpace},
    std::pair{"XMinioAdminBucketQuotaExceeded", ProblemKind::kNoSpace},
    std::pair{"SlowDown", ProblemKind::kThrottled},
    std::pair{"SlowDownRead", ProblemKind::kThrottled},
    std::pair{"SlowDownWrite", ProblemKind::kThrottled},
    std::pair{"TooManyRequests", ProblemKind::kThrottled},
    std::pair{"RequestLimitExceeded", ProblemKind::kThrottled},
    std::pair{"Throttling", ProblemKind::kThrottled},
    std::pair{"ThrottlingException", ProblemKind::kThrottled},
    std::pair{"InternalError", ProblemKind::kUnanswered},
    std::pair{"ServiceUnavailable", ProblemKind::kUnanswered},
    std::pair{"RequestTimeout", ProblemKind::kUnanswered},
    std::pair{"ConditionalRequestConflict", ProblemKind::kUnanswered},
    std::pair{"OperationAborted", ProblemKind::kUnanswered},
    std::pair{"IncompleteBody", ProblemKind::kUnanswered},
    std::pair{"BadDigest", ProblemKind::kUnanswered},  // the bytes changed on their way
    std::pair{"XAmzContentSHA256Mismatch", ProblemKind::kUnanswered},
    std::pair{"TemporaryRedirect", ProblemKind::kUnanswered},
    std::pair{"ExpiredToken", ProblemKind::kCredentials},
    std::pair{"InvalidToken", ProblemKind::kCredentials},
    std::pair{"TokenRefreshRequired", ProblemKind::kCredentials},
    std::pair{"InvalidAccessKeyId", ProblemKind::kCredentials},
    std::pair{"SignatureDoesNotMatch", ProblemKind::kCredentials},
    std::pair{"RequestTimeTooSkewed", ProblemKind::kClock},
    std::pair{"RequestExpired", ProblemKind::kClock},
    std::pair{"NotImplemented", ProblemKind::kUnsupported},
};

std::optional<ProblemKind> kind_of_code(std::string_view code) {
  const auto* const found = std::ranges::find(
      kKinds, code, [](const auto& entry) { return std::string_view(entry.first); });
  return found == kKinds.end() ? std::nullopt : std::optional(found->second);
}

// Where the server gives no code that is known.
ProblemKind kind_of_status(int status) {
  switch (status) {
    case 412:
      return ProblemKind::kExists;
    case 413:
    case 507:
      return ProblemKind::kNoSpace;
    case 416:
      return ProblemKind::kBehindEnd;
    case 429:
      return ProblemKind::kThrottled;
    case 501:
      return ProblemKind::kUnsupported;
    // A proxy answers 404 too. Only a code proves that an object is absent.
    case 404:
    case 408:
    case 409:
      return ProblemKind::kUnanswered;
    default:
      return status >= 500 || status < 300 ? ProblemKind::kUnanswered : ProblemKind::kRefused;
  }
}

std::string shortened(const std::string& text) {
  return base::escape_for_terminal(text.substr(0, kMaxWords));
}

std::string request_id(const base::HttpAnswer& answer) {
  for (const char* name : {"x-amz-request-id", "x-openstack-request-id", "x-trans-id"}) {
    if (const auto id = answer.header(name)) return shortened(std::string(*id));
  }
  return {};
}

std::string describe_answer(const base::HttpAnswer& answer, const S3ErrorDocument& error) {
  std::string text = std::to_string(answer.status);
  if (!error.code.empty()) text += ' ' + shortened(error.code);
  std::string details = shortened(error.message);
  if (const std::string id = request_id(answer); !id.empty()) {
    details += (details.empty() ? "request " : "; request ") + id;
  }
  return details.empty() ? text : fmt::format("{} ({})", text, details);
}

std::optional<std::chrono::milliseconds> pause_of(const base::HttpAnswer& answer,
                                                  base::TimePoint now) {
  const auto text = answer.header("retry-after");
  if (!text) return std::nullopt;
  std::chrono::seconds pause{};
  if (const auto date = base::parse_http_date(*text)) {
    pause = std::chrono::ceil<std::chrono::seconds>(
        *date - answer.date().value_or(std::chrono::floor<std::chrono::seconds>(now)));
  } else {
    std::int64_t seconds = 0;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), seconds);
    if (error != std::errc()) return std::nullopt;
    pause = std::chrono::seconds(seconds);
  }
  return std::clamp(pause, std::chrono::seconds(0), kMaxPause);
}

// In answers about another region than the one that the request was signed for.
std::string region_of(const base::HttpAnswer& answer, const S3ErrorDocument& error) {
  std::string region = error.region;
  if (region.empty()) region = answer.header("x-amz-bucket-region").value_or("");
  const bool is_name = region.size() <= 64 && std::ranges::all_of(region, [](char c) {
                         return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                                (c >= '0' && c <= '9') || c == '-' || c == '_';
                       });
  return is_name ? region : "";
}

bool is_cap(const S3ErrorDocument& error) {
  return error.code == "AccessDenied" && error.message.find("cap exceeded") != std::string::npos;
}

bool are_apart(base::TimePoint now, const std::optional<std::chrono::sys_seconds>& storage_time) {
  return storage_time && std::chrono::abs(now - *storage_time) > base::kClockSlack;
}

[[noreturn]] void refuse_request(const std::string& operation, const std::string& message,
                                 const std::string& advice) {
  throw StorageError(Trouble::kRefused,
                     fmt::format("{}: the storage refused: {}: {}", operation, message, advice));
}

std::string advice_for(const S3Problem& problem) {
  if (problem.code == "InvalidObjectState") {
    return "the object is in an archive class: restore it there first";
  }
  if (problem.kind == ProblemKind::kUnsupported) return "it does not support this request";
  if (problem.kind == ProblemKind::kCredentials) {
    return "check the access key and its secret, or the command that prints them";
  }
  if (problem.message.starts_with('3')) {
    return "the url leads elsewhere: set the url of the bucket's own endpoint";
  }
  return "check the permissions of the access key: Put, Get, Delete on objects, and ListBucket, "
         "without which the storage answers so for what is absent, too";
}

}  // namespace

std::optional<S3Problem> find_s3_problem(const base::HttpAnswer& answer,
                                         const S3Circumstances& circumstances) {
  const bool is_good = answer.status >= 200 && answer.status <= 299;
  if (is_good && !circumstances.is_document) return std::nullopt;
  const std::optional<S3ErrorDocument> error = parse_s3_error(answer.body);
  if (is_good && !error) return std::nullopt;
  const S3ErrorDocument known = error.value_or(S3ErrorDocument{});
  S3Problem problem{.kind = kind_of_code(known.code).value_or(kind_of_status(answer.status)),
                    .code = known.code,
                    .message = describe_answer(answer, known),
                    .region = region_of(answer, known),
                    .pause = pause_of(answer, circumstances.now),
                    .storage_time = answer.date()};
  if (is_cap(known)) problem.kind = ProblemKind::kNoSpace;
  const bool may_be_region =
      problem.kind == ProblemKind::kRefused || problem.kind == ProblemKind::kCredentials;
  if (may_be_region && !problem.region.empty() && problem.region != circumstances.region) {
    problem.kind = ProblemKind::kRegion;
  } else if (may_be_region && are_apart(circumstances.now, problem.storage_time)) {
    problem.kind = ProblemKind::kClock;
  } else if (answer.status >= 300 && answer.status <= 399 && !error) {
    problem.kind = ProblemKind::kUnanswered;  // a captive portal
  }
  return problem;
}

bool is_passing_s3_code(const std::string& code) {
  const std::optional<ProblemKind> kind = kind_of_code(code);
  return kind == ProblemKind::kUnanswered || kind == ProblemKind::kThrottled;
}

void fail_with(const S3Problem& problem, const std::string& operation, base::TimePoint now) {
  switch (problem.kind) {
    case ProblemKind::kGone:
      throw StorageError(
          Trouble::kGone,
          fmt::format("{}: the bucket is missing: {}: nothing was created: check url and bucket",
                      operation, problem.message));
    case ProblemKind::kNoSpace:
      base::fail(
          base::ErrorCode::kNoSpace,
          "{}: a quota of the storage is used up: {}: raise it, or remove what is not needed",
          operation, problem.message);
    case ProblemKind::kUnanswered:
      throw StorageError(
          Trouble::kUnanswered,
          fmt::format("{}: the storage failed: {}: try again later", operation, problem.message),
          problem.pause);
    case ProblemKind::kThrottled:
      throw StorageError(Trouble::kThrottled,
                         fmt::format("{}: the storage is asked too often: {}: try again later",
                                     operation, problem.message),
                         problem.pause);
    case ProblemKind::kRegion:
      refuse_request(
          operation, problem.message,
          fmt::format("the bucket is in the region {}: set the region, and the url of its "
                      "endpoint",
                      problem.region));
    case ProblemKind::kClock:
      refuse_request(operation, problem.message,
                     fmt::format("this machine's clock says {}, the storage's {}: set the clock",
                                 base::shown_time(std::chrono::floor<std::chrono::seconds>(now)),
                                 problem.storage_time ? base::shown_time(*problem.storage_time)
                                                      : "something else"));
    case ProblemKind::kAbsent:
    case ProblemKind::kExists:
    case ProblemKind::kBehindEnd:
    case ProblemKind::kCredentials:
    case ProblemKind::kUnsupported:
    case ProblemKind::kRefused:
      break;
  }
  refuse_request(operation, problem.message, advice_for(problem));
}

void fail_as_strange(const std::string& operation, const std::string& why) {
  throw StorageError(Trouble::kUnanswered,
                     fmt::format("{}: the answer does not come from object storage: {}: check the "
                                 "url, and for a proxy or a page that asks for a login",
                                 operation, why));
}

}  // namespace store
