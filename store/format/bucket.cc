#include "store/format/bucket.h"

#include <map>
#include <mutex>
#include <utility>
#include <vector>

#include <fmt/core.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/error.h"
#include "store/storage/s3_storage.h"

namespace store {

namespace {

struct OpenedBucket {
  std::shared_ptr<Storage> storage;
  pid_t process = 0;
};

struct Buckets {
  std::mutex mutex;
  std::chrono::milliseconds patience = kS3Patience;
  std::map<std::string, OpenedBucket> opened;                   // by identity_of()
  std::map<std::string, std::shared_ptr<Storage>> replacement;  // by display name
  // Of the process that forked this one: to close a connection here would end it there, too.
  std::vector<std::shared_ptr<Storage>> inherited;
};

// Never destroyed: at the end of the process, what a storage needs may be destroyed before it.
Buckets& all_buckets() {
  static Buckets* const all = std::make_unique<Buckets>().release();
  return *all;
}

void add_line(std::string& text, const std::string& field) {
  text += field;
  text += '\n';
}

std::string credentials_of(const base::S3Config& config) {
  std::string text;
  if (const auto* const command = std::get_if<base::S3CredentialsCommand>(&config.credentials)) {
    for (const std::string& word : command->command) add_line(text, word);
    return text;
  }
  const auto& key = std::get<base::S3AccessKey>(config.credentials);
  add_line(text, key.id);
  add_line(text, key.secret.password_file.string());
  add_line(text, key.secret.credential);
  for (const std::string& word : key.secret.password_command) add_line(text, word);
  return text;
}

// Configurations with the same one are equal.
std::string identity_of(const base::S3Config& config, const base::Path& spool) {
  return fmt::format("{}\n{}\n{}\n{}\n{}\n{}\n{}\n{}\n{}\n{}\n{}\n{}", config.url, config.bucket,
                     config.prefix, config.region, static_cast<int>(config.names),
                     config.ca_file.string(), config.storage_class, config.connections,
                     config.lock_for ? config.lock_for->count() : 0,
                     static_cast<int>(config.lock_mode), spool.string(), credentials_of(config));
}

}  // namespace

std::shared_ptr<Storage> shared_bucket(const base::S3Config& config, const base::Path& spool) {
  Buckets& all = all_buckets();
  const std::lock_guard lock(all.mutex);
  const auto replaced = all.replacement.find(config.display_name());
  if (replaced != all.replacement.end()) return replaced->second;
  OpenedBucket& bucket = all.opened[identity_of(config, spool)];
  if (bucket.storage && bucket.process != ::getpid()) {
    all.inherited.push_back(std::move(bucket.storage));
    bucket.storage = nullptr;
  }
  if (!bucket.storage) {
    bucket.storage = open_s3_storage(config, spool, base::real_file_system(), base::system_clock(),
                                     {}, all.patience);
    bucket.process = ::getpid();
  }
  return bucket.storage;
}

void set_bucket_patience(std::chrono::milliseconds patience) {
  Buckets& all = all_buckets();
  const std::lock_guard lock(all.mutex);
  all.patience = patience;
}

void replace_bucket(const std::string& display_name, std::shared_ptr<Storage> storage) {
  Buckets& all = all_buckets();
  const std::lock_guard lock(all.mutex);
  if (storage) {
    all.replacement[display_name] = std::move(storage);
  } else {
    all.replacement.erase(display_name);
  }
}

}  // namespace store
