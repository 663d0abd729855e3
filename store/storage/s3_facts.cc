#include "store/storage/s3_facts.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include <fmt/core.h>

#include "store/storage/s3_document.h"

namespace store {

namespace {

using ProblemKind = S3Problem::Kind;

// Storage that ignores the subresource sends a listing of the bucket.
constexpr std::size_t kMaxFacts = std::size_t{1} << 20U;

constexpr std::array kHopeless{ProblemKind::kGone, ProblemKind::kCredentials, ProblemKind::kClock,
                               ProblemKind::kRegion};

struct Told {
  base::Bytes document;  // empty: the storage did not tell
  std::string code;      // of its refusal
};

S3Request question_about(const S3Bucket& bucket, const std::string& subresource) {
  return {
      .operation = fmt::format("ask {} about its {}", bucket.config().display_name(), subresource),
      .query = {{subresource, ""}},
      .max_body = kMaxFacts,
      .is_document = true};
}

Told ask(S3Bucket& bucket, const std::string& subresource) {
  const S3Request request = question_about(bucket, subresource);
  S3Answer answer = bucket.send(request);
  if (!answer.problem) return {.document = std::move(answer.http.body), .code = {}};
  if (std::ranges::find(kHopeless, answer.problem->kind) != kHopeless.end()) {
    bucket.fail(request, *answer.problem);
  }
  return {.document = {}, .code = std::move(answer.problem->code)};
}

BucketVersions versions_of(S3Bucket& bucket) {
  return parse_s3_versioning(ask(bucket, "versioning").document).value_or(BucketVersions::kUnknown);
}

std::optional<std::vector<LifecycleRule>> rules_of(S3Bucket& bucket) {
  const Told told = ask(bucket, "lifecycle");
  if (told.code == "NoSuchLifecycleConfiguration") return std::vector<LifecycleRule>();
  return parse_s3_lifecycle(told.document);
}

std::optional<std::string> default_retention_of(S3Bucket& bucket) {
  const Told told = ask(bucket, "object-lock");
  if (told.code == "ObjectLockConfigurationNotFoundError") return "";
  return parse_s3_default_retention(told.document);
}

}  // namespace

BucketFacts facts_of(S3Bucket& bucket) {
  BucketFacts facts;
  facts.versions = versions_of(bucket);
  facts.rules = rules_of(bucket);
  facts.default_retention = default_retention_of(bucket);
  facts.region = bucket.region();  // an answer may have named another
  return facts;
}

BucketVersions versions_kept_in(S3Bucket& bucket) {
  const S3Request request = question_about(bucket, "versioning");
  const S3Answer answer = bucket.send(request);
  if (!answer.problem) {
    return parse_s3_versioning(answer.http.body).value_or(BucketVersions::kUnknown);
  }
  const ProblemKind kind = answer.problem->kind;
  const bool is_told = kind == ProblemKind::kRefused || kind == ProblemKind::kUnsupported;
  if (!is_told) bucket.fail(request, *answer.problem);
  return BucketVersions::kUnknown;
}

bool applies_to(const LifecycleRule& rule, const std::string& prefix) {
  const std::string directory = prefix.empty() ? "" : prefix + '/';
  return directory.starts_with(rule.prefix) || rule.prefix.starts_with(directory);
}

}  // namespace store
