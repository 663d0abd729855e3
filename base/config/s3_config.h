// A bucket of object storage that holds a store or a copy (docs/object-storage.md).
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "base/file_system.h"
#include "base/secret.h"

namespace base {

// Where requests name the bucket: https://host/bucket/key, or https://bucket.host/key.
enum class S3Names { kPath, kHost };

// An access key that stays the same, with its secret.
struct S3AccessKey {
  std::string id;
  SecretSource secret;
};

// A command that prints credentials as JSON in the format of AWS's credential_process:
// AccessKeyId, SecretAccessKey and, if they end, SessionToken and Expiration. No shell involved.
struct S3CredentialsCommand {
  std::vector<std::string> command;
};

// How firmly object lock holds. A lock of compliance can't be shortened or got around with any
// credentials; a lock of governance can, with a special right.
enum class S3LockMode { kCompliance, kGovernance };

struct S3Config {
  std::string url;     // of the endpoint, without the bucket: https://s3.eu-central-1.amazonaws.com
  std::string bucket;  // exists: mailstow creates none
  std::string prefix;  // of all keys, without a slash at its end; may be empty
  std::string region;  // empty: the one that the endpoint reports, or us-east-1
  S3Names names = S3Names::kPath;
  Path ca_file;  // empty: the system's
  std::variant<S3AccessKey, S3CredentialsCommand> credentials;
  std::string storage_class;                  // of packs; empty: the bucket's default
  std::optional<std::chrono::days> lock_for;  // of object lock; nullopt: objects are not locked
  S3LockMode lock_mode = S3LockMode::kCompliance;
  unsigned connections = 4;  // requests at a time

  std::string display_name() const;  // s3://bucket/prefix
};

// `at`: the object of the configuration at `pointer`, such as /store/s3, checked against the
// schema. Fails with kConfig, naming the key, if its keys contradict each other.
S3Config parse_s3(const nlohmann::json& at, const std::string& pointer);

}  // namespace base
