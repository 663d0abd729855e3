#include "store/storage/s3_lock.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/time_text.h"
#include "store/storage/content_digest.h"

namespace store {

namespace {

std::vector<std::pair<std::string, std::string>> version_query(const std::string& version) {
  if (version.empty()) return {};
  return {{"versionId", version}};
}

}  // namespace

std::string lock_mode_name(base::S3LockMode mode) {
  return mode == base::S3LockMode::kCompliance ? "COMPLIANCE" : "GOVERNANCE";
}

std::vector<std::string> lock_headers(base::S3LockMode mode, std::chrono::sys_seconds until) {
  return {"x-amz-object-lock-mode: " + lock_mode_name(mode),
          "x-amz-object-lock-retain-until-date: " + base::format_rfc3339(until)};
}

std::optional<S3Lock> lock_in(const base::HttpAnswer& answer) {
  const auto mode = answer.header("x-amz-object-lock-mode");
  const auto until = answer.header("x-amz-object-lock-retain-until-date");
  if (!mode || !until) return std::nullopt;
  S3Lock lock{.mode = std::string(*mode)};
  std::ranges::transform(lock.mode, lock.mode.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  });
  try {
    lock.until = base::parse_time(*until, "UTC");
  } catch (const base::Error&) {
    return std::nullopt;
  }
  return lock;
}

S3Request lock_look_up(const std::string& operation, const std::string& key,
                       const std::string& version) {
  return {.operation = operation,
          .verb = base::HttpVerb::kHead,
          .key = key,
          .query = version_query(version)};
}

S3Request lock_extension(const std::string& operation, const std::string& key,
                         const std::string& version, const std::string& document) {
  const ContentDigest digest = digest_of(base::as_bytes(document), ContentDigest::Md5::kYes);
  S3Request extension{.operation = operation,
                      .verb = base::HttpVerb::kPut,
                      .key = key,
                      .query = {{"retention", ""}},
                      .headers = {"Content-Type: application/xml", "Content-MD5: " + digest.md5()},
                      .body = base::body_of(base::as_bytes(document)),
                      .sha256 = digest.sha256(),
                      .max_body = base::HttpAnswer::kMaxErrorBody,
                      .is_document = true};
  for (auto& part : version_query(version)) extension.query.push_back(std::move(part));
  return extension;
}

}  // namespace store
