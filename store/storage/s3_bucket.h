// One bucket: requests to it are signed, and sent again at once if only the region or the
// credentials that they were signed with are no longer right.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/config/s3_config.h"
#include "base/http/http_client.h"
#include "store/storage/s3_credentials.h"
#include "store/storage/s3_problem.h"
#include "store/storage/storage.h"

namespace store {

// SHA-256 of no bytes.
inline constexpr auto kSha256OfNothing =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

struct S3Request {
  std::string operation;  // "read s3://bucket/key", for messages
  base::HttpVerb verb = base::HttpVerb::kGet;
  std::string key = {};                                         // empty: of the bucket itself
  std::vector<std::pair<std::string, std::string>> query = {};  // sorted by name, not encoded
  std::vector<std::string> headers = {};                        // "name: value"
  std::optional<base::HttpBody> body = {};
  std::string sha256 = kSha256OfNothing;  // of the body, in hex
  std::size_t max_body = 0;               // of the answer, in bytes
  bool is_document = false;               // as in S3Circumstances
};

struct S3Answer {
  base::HttpAnswer http;
  std::optional<S3Problem> problem;
};

// Thread-safe.
class S3Bucket {
 public:
  // `clock` must outlive it.
  S3Bucket(base::S3Config config, base::Clock& clock);

  // Fails with StorageError if no answer comes, or there are no credentials.
  S3Answer send(const S3Request& request);

  // The same, but every problem is an error.
  base::HttpAnswer get(const S3Request& request);

  [[noreturn]] void fail(const S3Request& request, const S3Problem& problem) const;

  const base::S3Config& config() const { return config_; }

  // That requests are signed for: the configured one, unless the storage named another.
  std::string region() const;

  StorageTraffic traffic() const;

  // As Storage::clock_lead().
  std::optional<std::chrono::seconds> clock_lead() const;

 private:
  base::HttpAnswer perform(const S3Request& request, const S3Credentials& credentials,
                           const std::string& region);
  std::string url_of(const S3Request& request) const;
  void note_date(const base::HttpAnswer& answer, base::TimePoint begin);
  void adopt_region(const std::string& region);

  const base::S3Config config_;
  base::Clock& clock_;
  base::HttpClient http_;
  S3CredentialSource credentials_;
  mutable std::mutex mutex_;
  std::string region_;
  std::optional<std::chrono::seconds> clock_lead_;
  std::atomic<bool> has_answered_{false};
  std::atomic<std::uint64_t> requests_{0};
  std::atomic<std::uint64_t> sent_bytes_{0};
  std::atomic<std::uint64_t> received_bytes_{0};
};

}  // namespace store
