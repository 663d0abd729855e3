// The part of the checks of the store and of its copies that is about their buckets.
#pragma once

#include <string>
#include <vector>

#include "backupd/doctor/finding.h"
#include "base/config/s3_config.h"
#include "base/file_system.h"
#include "store/format/location.h"

namespace backupd {

struct BucketCheck {
  std::vector<Finding> findings;  // problems
  bool is_usable = false;
  std::string details;        // about a sound one: "; region eu-north-1"; may be empty
  std::string not_removed;    // why objects can't be deleted; empty: they can
  bool creates_once = false;  // the storage itself lets one of several writers go on
};

// Asks the bucket about itself, and tries it with an object of its own. `check` and `subject`: of
// the findings. `section`: of the configuration, "store.s3", for remedies.
BucketCheck try_bucket(const std::string& check, const std::string& subject,
                       const std::string& section, const base::S3Config& config,
                       const store::Location& location, base::FileSystem& files);

}  // namespace backupd
