#include "base/config/copies_config.h"

#include <algorithm>
#include <cstddef>
#include <functional>

#include <nlohmann/json.hpp>

#include "base/ascii.h"
#include "base/config/store_privacy.h"
#include "base/error.h"
#include "base/resolved_path.h"

namespace base {

namespace {

// Whether a path is a directory or lies in it.
using LiesIn = std::function<bool(const Path& path, const Path& directory)>;

bool is_written_below(const Path& path, const Path& directory) {
  const Path relative = path.lexically_normal().lexically_relative(directory.lexically_normal());
  return !relative.empty() && *relative.begin() != "..";
}

Path path_without_slash(const std::string& text) {
  Path path = Path(text).lexically_normal();
  if (!path.has_filename()) path = path.parent_path();
  return path;
}

bool is_same_place(const S3Config& one, const S3Config& other) {
  return equal_ignoring_case(one.url, other.url) && one.bucket == other.bucket &&
         one.prefix == other.prefix;
}

void check_bucket(const std::vector<CopyConfig>& copies, std::size_t at, const StoreConfig& store) {
  const S3Config& bucket = *copies[at].s3;
  if (store.s3 && is_same_place(bucket, *store.s3)) {
    fail(ErrorCode::kConfig, "/copies/{}/s3: {} is the store itself: name another bucket or prefix",
         at, bucket.display_name());
  }
  for (std::size_t other = 0; other < at; ++other) {
    if (!copies[other].s3 || !is_same_place(bucket, *copies[other].s3)) continue;
    fail(ErrorCode::kConfig,
         "/copies/{}/s3: {} is the place of /copies/{}: name another bucket or prefix", at,
         bucket.display_name(), other);
  }
}

void check_directory(const std::vector<CopyConfig>& copies, std::size_t at,
                     const StoreConfig& store, const LiesIn& lies_in) {
  const Path& path = copies[at].path;
  const auto refuse = [&](const char* other) {
    fail(ErrorCode::kConfig, "/copies/{}/path: {} and {} must not lie in each other", at,
         path.string(), other);
  };
  if (!store.s3 && (lies_in(path, store.path) || lies_in(store.path, path))) refuse("store.path");
  if (lies_in(path, store.index) || lies_in(store.index, path)) refuse("store.index");
  if (lies_in(store.key_file, path)) {
    fail(ErrorCode::kConfig,
         "/copies/{}/path: store.key_file lies in {}: a copy must not hold the key that opens it",
         at, path.string());
  }
  for (std::size_t other = 0; other < at; ++other) {
    if (copies[other].s3) continue;
    if (!lies_in(path, copies[other].path) && !lies_in(copies[other].path, path)) continue;
    fail(ErrorCode::kConfig, "/copies/{}/path: it and /copies/{}/path must not lie in each other",
         at, other);
  }
}

void check_place(const std::vector<CopyConfig>& copies, std::size_t at, const StoreConfig& store,
                 const LiesIn& lies_in) {
  if (copies[at].s3) {
    check_bucket(copies, at, store);
  } else {
    check_directory(copies, at, store, lies_in);
  }
}

void parse_place(const nlohmann::json& at, const std::string& pointer, const StoreConfig& store,
                 CopyConfig& copy) {
  const bool is_directory = at.contains("path");
  const bool is_bucket = at.contains("s3");
  if (is_directory == is_bucket) {
    fail(ErrorCode::kConfig,
         "{}: a copy is in a directory or in a bucket: give exactly one of path and s3", pointer);
  }
  if (is_directory) {
    copy.path = path_without_slash(at.at("path").get<std::string>());
  } else {
    copy.s3 = parse_s3(at.at("s3"), pointer + "/s3");
    copy.spool = store.s3 ? store.spool : store.index / "spool";
  }
}

}  // namespace

std::vector<CopyConfig> parse_copies(const nlohmann::json& at, const StoreConfig& store) {
  std::vector<CopyConfig> copies;
  for (const nlohmann::json& copy : at) {
    CopyConfig parsed{.name = copy.at("name").get<std::string>(), .path = {}};
    parse_place(copy, "/copies/" + std::to_string(copies.size()), store, parsed);
    for (std::size_t other = 0; other < copies.size(); ++other) {
      if (copies[other].name != parsed.name) continue;
      fail(ErrorCode::kConfig, "/copies/{}/name: \"{}\" is already the name of /copies/{}",
           copies.size(), parsed.name, other);
    }
    copies.push_back(std::move(parsed));
    check_place(copies, copies.size() - 1, store, is_written_below);
  }
  return copies;
}

void require_apart(const std::vector<CopyConfig>& copies, const StoreConfig& store) {
  for (std::size_t at = 0; at < copies.size(); ++at) check_place(copies, at, store, lies_in);
  for (const Misplaced& found : misplaced(store, copies, private_paths(store))) {
    if (found.is_in_store) continue;
    fail(ErrorCode::kConfig, "{} {} lies in {}: {}: choose another place", found.file.what,
         found.file.path.string(), found.where, found.file.why);
  }
}

std::optional<std::chrono::days> shortest_lock(const StoreConfig& store,
                                               const std::vector<CopyConfig>& copies) {
  std::optional<std::chrono::days> shortest;
  const auto consider = [&](const std::optional<S3Config>& s3) {
    if (!s3 || !s3->lock_for) return;
    shortest = shortest ? std::min(*shortest, *s3->lock_for) : *s3->lock_for;
  };
  consider(store.s3);
  for (const CopyConfig& copy : copies) consider(copy.s3);
  return shortest;
}

}  // namespace base
