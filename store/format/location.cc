#include "store/format/location.h"

#include <algorithm>

#include <fmt/core.h>

#include "base/error.h"
#include "base/file_system.h"
#include "store/format/bucket.h"
#include "store/storage/directory_storage.h"
#include "store/storage/s3_probe.h"

namespace store {

std::shared_ptr<Storage> storage_of(const Location& location, base::FileSystem& files) {
  if (location.storage) return location.storage;
  return std::make_shared<DirectoryStorage>(files, location.store);
}

std::string display_name(const Location& location) {
  return location.is_directory() ? location.store.string() : location.storage->display_name();
}

std::filesystem::path directory_of_area(const Location& location, std::string_view area) {
  if (!location.is_directory()) {
    base::fail(base::ErrorCode::kInternal, "store {}: {} is not a directory",
               display_name(location), area);
  }
  return location.store / area;
}

std::vector<std::filesystem::path> written_directories(const Location& location) {
  if (location.is_directory()) return {location.store};
  std::vector<std::filesystem::path> directories{location.index};
  if (!location.spool.empty()) directories.push_back(location.spool);
  return directories;
}

FreeSpace least_free_space(const Location& location, base::FileSystem& files) {
  std::vector<FreeSpace> all;
  for (const std::filesystem::path& directory : written_directories(location)) {
    const bool is_first = all.empty();
    if (!is_first && !files.modified(directory)) continue;  // a spool that is not there yet
    all.push_back({.directory = directory, .bytes = files.free_space(directory)});
  }
  return *std::ranges::min_element(all, {}, &FreeSpace::bytes);
}

namespace {

std::string fenced_bucket(const base::S3Config& config) {
  if (config.connections < kRacingWriters) return "";
  return fmt::format("{}\n{}\n{}", config.url, config.bucket, config.prefix);
}

}  // namespace

Location location_of(const base::StoreConfig& config) {
  Location location{.store = config.path,
                    .index = config.index,
                    .key_file = config.key_file,
                    .keep_free = config.keep_free,
                    .max_message = config.max_message,
                    .reach = config.reach,
                    .has_own_index = config.has_own_index && config.past_index.empty(),
                    .spool = config.spool,
                    .past_index = config.past_index};
  if (config.s3) {
    location.storage = shared_bucket(*config.s3, config.spool);
    location.fenced_bucket = fenced_bucket(*config.s3);
    location.cache_bytes = config.cache;
  }
  return location;
}

}  // namespace store
