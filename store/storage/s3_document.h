// The XML of object storage's requests and answers. What does not parse as what it should be is
// nullopt: another kind of server, or a proxy, has answered.
#pragma once

#include <chrono>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "store/storage/bucket_facts.h"

namespace store {

// Bytes of the largest answer that is read: a page of a listing has at most 1,000 keys of 1,024
// bytes, each up to three times as long percent-encoded.
inline constexpr std::size_t kMaxS3Document = std::size_t{8} << 20U;

struct S3ErrorDocument {
  std::string code;     // "NoSuchKey"
  std::string message;  // of the server, as it came
  std::string region;   // of AuthorizationHeaderMalformed and IllegalLocationConstraint
  std::string endpoint;
};

std::optional<S3ErrorDocument> parse_s3_error(base::ByteView body);

struct S3ListingPage {
  std::vector<std::string> keys;
  bool is_truncated = false;
  std::string next_token;
  // The readings of the prefix that it is for, as it came and decoded; empty: it does not say.
  std::vector<std::string> prefixes;
};

std::optional<S3ListingPage> parse_s3_listing(base::ByteView body);

// The request to delete objects. At most kMaxS3Deletions.
inline constexpr std::size_t kMaxS3Deletions = 1'000;
std::string s3_deletion_request(std::span<const std::string> keys);

// The request to delete one version of an object.
std::string s3_version_deletion_request(const std::string& key, const std::string& version);

// The lock of an object: `mode` is COMPLIANCE or GOVERNANCE.
std::string s3_retention(const std::string& mode, std::chrono::sys_seconds until);

// Versions of objects, and the markers of their removal. Those of a key follow each other, the
// newest first.
struct S3VersionPage {
  struct Version {
    std::string key;
    std::string id;
    std::string etag;  // empty: a marker
    bool is_marker = false;
    bool is_newest = false;  // of its key
  };
  std::vector<Version> versions;
  bool is_truncated = false;
  std::string next_key;
  std::string next_id;
};

std::optional<S3VersionPage> parse_s3_versions(base::ByteView body);

struct S3DeletionResult {
  struct Failure {
    std::string key;
    std::string code;
    std::string message;
  };
  std::vector<std::string> deleted;
  std::vector<Failure> failures;
};

std::optional<S3DeletionResult> parse_s3_deletion(base::ByteView body);

std::optional<BucketVersions> parse_s3_versioning(base::ByteView body);

// The rules that are enabled and act on current objects.
std::optional<std::vector<LifecycleRule>> parse_s3_lifecycle(base::ByteView body);

// As BucketFacts::default_retention.
std::optional<std::string> parse_s3_default_retention(base::ByteView body);

}  // namespace store
