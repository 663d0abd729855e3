#include "tests/servers/storage/object_storage.h"

#include <fstream>
#include <utility>

#include "base/error.h"
#include "base/http/http_client.h"

namespace servers {

namespace {

constexpr auto kSha256OfNoBytes =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

}  // namespace

ObjectStorage::ObjectStorage(std::string url, std::string access_key, std::string secret,
                             const base::Path& directory)
    : url_(std::move(url)),
      access_key_(std::move(access_key)),
      secret_(std::move(secret)),
      secret_file_(directory / "secret") {
  std::ofstream(secret_file_) << secret_ << '\n';
}

void ObjectStorage::make_bucket(const std::string& name) const {
  make_bucket(name, {});
}

void ObjectStorage::make_locking_bucket(const std::string& name) const {
  make_bucket(name, {"x-amz-bucket-object-lock-enabled: true"});
}

void ObjectStorage::make_bucket(const std::string& name, std::vector<std::string> headers) const {
  base::HttpClient client({});
  headers.push_back(std::string("x-amz-content-sha256: ") + kSha256OfNoBytes);
  const base::HttpAnswer answer = client.perform(
      {.verb = base::HttpVerb::kPut,
       .url = url_ + '/' + name,
       .headers = std::move(headers),
       .signature = base::S3Signature{.region = "us-east-1",
                                      .access_key = access_key_,
                                      .secret = base::Secret(secret_, base::LogMask::kOff)},
       .max_body = base::HttpAnswer::kMaxErrorBody});
  if (answer.status == 200) return;
  base::fail(base::ErrorCode::kInternal, "make the bucket {}: {}: {}", name, answer.status,
             base::as_text(answer.body));
}

base::S3Config ObjectStorage::config(const std::string& bucket, const std::string& prefix) const {
  base::S3Config config;
  config.url = url_;
  config.bucket = bucket;
  config.prefix = prefix;
  config.region = "us-east-1";
  config.credentials = base::S3AccessKey{
      .id = access_key_,
      .secret = {.password_file = secret_file_, .password_command = {}, .credential = {}}};
  return config;
}

}  // namespace servers
