#include "store/storage/s3_bucket.h"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string_view>

#include <fmt/core.h>

#include "base/error.h"
#include "base/log.h"
#include "store/storage/storage_error.h"

namespace store {

namespace {

using base::ErrorCode;

constexpr auto kDefaultRegion = "us-east-1";

// As the signature wants it: capitals, and nothing else than unreserved characters left as it is.
std::string percent_encoded(std::string_view text, std::string_view also_plain = {}) {
  std::string encoded;
  for (const char c : text) {
    const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                          (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.' || c == '~' ||
                          also_plain.find(c) != std::string_view::npos;
    if (is_plain) {
      encoded += c;
    } else {
      encoded += fmt::format("%{:02X}", static_cast<unsigned>(static_cast<unsigned char>(c)));
    }
  }
  return encoded;
}

base::HttpSettings settings_of(const base::S3Config& config) {
  base::HttpSettings settings;
  settings.ca_file = config.ca_file;
  settings.connections = config.connections;
  return settings;
}

// A byte now and then counts as progress, so what is small gets a limit. The time of larger ones is
// up to the line.
std::optional<std::chrono::seconds> timeout_of(const S3Request& request) {
  constexpr std::uint64_t kMaxSmall = std::uint64_t{8} << 20U;
  constexpr std::chrono::minutes kForSmall{10};
  const std::uint64_t received = request.is_document ? 0 : request.max_body;
  const std::uint64_t sent = request.body ? request.body->size : 0;
  if (std::max(received, sent) > kMaxSmall) return std::nullopt;
  return kForSmall;
}

}  // namespace

S3Bucket::S3Bucket(base::S3Config config, base::Clock& clock)
    : config_(std::move(config)),
      clock_(clock),
      http_(settings_of(config_)),
      credentials_(config_, clock),
      region_(config_.region.empty() ? kDefaultRegion : config_.region) {}

S3Answer S3Bucket::send(const S3Request& request) {
  bool is_region_new = false;
  bool are_credentials_new = false;
  while (true) {
    const S3Credentials credentials = credentials_.get();
    const S3Circumstances circumstances{
        .now = clock_.now(), .region = region(), .is_document = request.is_document};
    S3Answer answer{.http = perform(request, credentials, circumstances.region), .problem = {}};
    answer.problem = find_s3_problem(answer.http, circumstances);
    if (!answer.problem) return answer;
    const S3Problem::Kind kind = answer.problem->kind;
    if (kind == S3Problem::Kind::kRegion && !std::exchange(is_region_new, true)) {
      adopt_region(answer.problem->region);
    } else if (kind != S3Problem::Kind::kCredentials || std::exchange(are_credentials_new, true) ||
               !credentials_.renew(credentials)) {
      return answer;
    }
  }
}

base::HttpAnswer S3Bucket::get(const S3Request& request) {
  S3Answer answer = send(request);
  if (answer.problem) fail(request, *answer.problem);
  return std::move(answer.http);
}

void S3Bucket::fail(const S3Request& request, const S3Problem& problem) const {
  fail_with(problem, request.operation, clock_.now());
}

base::HttpAnswer S3Bucket::perform(const S3Request& request, const S3Credentials& credentials,
                                   const std::string& region) {
  base::HttpCall call{.verb = request.verb,
                      .url = url_of(request),
                      .headers = request.headers,
                      .body = request.body,
                      .signature = base::S3Signature{.region = region,
                                                     .access_key = credentials.access_key,
                                                     .secret = credentials.secret},
                      .max_body = request.max_body,
                      .timeout = timeout_of(request)};
  call.headers.push_back("x-amz-content-sha256: " + request.sha256);
  if (!credentials.session_token.empty()) {
    call.headers.push_back("x-amz-security-token: " + credentials.session_token.reveal());
  }
  try {
    const base::TimePoint begin = clock_.now();
    ++requests_;
    if (request.body) sent_bytes_ += request.body->size;
    base::HttpAnswer answer = http_.perform(call);
    has_answered_ = true;
    received_bytes_ += answer.body.size();
    note_date(answer, begin);
    return answer;
  } catch (const base::Error& error) {
    if (error.code() != ErrorCode::kNetwork && error.code() != ErrorCode::kTls) throw;
    // A certificate that was never right needs an administrator; one that was right a moment ago
    // may be so again.
    const bool is_wrong = error.code() == ErrorCode::kTls && !has_answered_;
    throw StorageError(is_wrong ? Trouble::kRefused : Trouble::kUnanswered,
                       fmt::format("{}: {}", request.operation, error.what()));
  }
}

std::string S3Bucket::url_of(const S3Request& request) const {
  std::string url = config_.url;
  while (url.ends_with('/')) url.pop_back();
  if (config_.names == base::S3Names::kHost) {
    const std::size_t scheme = url.find("://");
    url.insert(scheme == std::string::npos ? 0 : scheme + 3, config_.bucket + '.');
  } else {
    url += '/' + percent_encoded(config_.bucket);
  }
  if (!request.key.empty() || config_.names == base::S3Names::kHost) {
    url += '/' + percent_encoded(request.key, "/");
  }
  char separator = '?';
  for (const auto& [name, value] : request.query) {
    url += separator + percent_encoded(name) + '=' + percent_encoded(value);
    separator = '&';
  }
  return url;
}

std::string S3Bucket::region() const {
  const std::lock_guard lock(mutex_);
  return region_;
}

StorageTraffic S3Bucket::traffic() const {
  return {.requests = requests_, .sent_bytes = sent_bytes_, .received_bytes = received_bytes_};
}

std::optional<std::chrono::seconds> S3Bucket::clock_lead() const {
  const std::lock_guard lock(mutex_);
  return clock_lead_;
}

// The server's date, in whole seconds, is from some moment between the request and the end of its
// answer, which a slow line may keep far apart.
void S3Bucket::note_date(const base::HttpAnswer& answer, base::TimePoint begin) {
  const auto date = answer.date();
  if (!date) return;
  const auto earliest = std::chrono::floor<std::chrono::seconds>(begin);
  const auto latest = std::chrono::ceil<std::chrono::seconds>(clock_.now());
  std::chrono::seconds lead{0};
  if (*date < earliest) lead = earliest - *date;
  if (*date > latest) lead = latest - *date;
  const std::lock_guard lock(mutex_);
  clock_lead_ = lead;
}

void S3Bucket::adopt_region(const std::string& region) {
  const std::lock_guard lock(mutex_);
  if (region_ == region) return;
  if (!config_.region.empty()) {
    base::log_warning("the bucket {} is in the region {}: set \"region\" to it", config_.bucket,
                      region);
  }
  region_ = region;
}

}  // namespace store
