// The endpoint of a real object storage on loopback, of any kind.
#pragma once

#include <string>
#include <vector>

#include "base/config/s3_config.h"
#include "base/file_system.h"

namespace servers {

class ObjectStorage {
 public:
  ObjectStorage(std::string url, std::string access_key, std::string secret,
                const base::Path& directory);

  // Fails unless the bucket is new.
  void make_bucket(const std::string& name) const;

  // The same, of a bucket whose objects can be locked.
  void make_locking_bucket(const std::string& name) const;

  base::S3Config config(const std::string& bucket, const std::string& prefix) const;

  const std::string& url() const { return url_; }
  const std::string& access_key() const { return access_key_; }
  const std::string& secret() const { return secret_; }

 private:
  void make_bucket(const std::string& name, std::vector<std::string> headers) const;

  std::string url_;
  std::string access_key_;
  std::string secret_;
  base::Path secret_file_;
};

}  // namespace servers
