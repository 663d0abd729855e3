// The facts that object storage tells about a bucket, as far as they matter to a store in it.
#pragma once

#include <optional>
#include <string>
#include <vector>

namespace store {

enum class BucketVersions { kUnknown, kNotKept, kKept, kNoLongerKept };

// A rule of the bucket by which objects change without a request.
struct LifecycleRule {
  enum class Action {
    kExpires,   // current objects
    kArchives,  // into a class from which they can't be read at once
  };
  std::string id;      // its name in the bucket, may be empty
  std::string prefix;  // of the keys that it is about; empty: all of them
  Action action = Action::kExpires;
  bool operator==(const LifecycleRule&) const = default;
};

struct BucketFacts {
  std::string region;
  BucketVersions versions = BucketVersions::kUnknown;
  std::optional<std::vector<LifecycleRule>> rules;  // nullopt: unknown
  // "COMPLIANCE, 30 days": for how long objects are locked that are written without a lock of their
  // own. Empty: they are not; nullopt: unknown.
  std::optional<std::string> default_retention;
};

}  // namespace store
