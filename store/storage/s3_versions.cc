#include "store/storage/s3_versions.h"

#include <algorithm>
#include <map>
#include <utility>

#include "base/log.h"
#include "store/storage/s3_document.h"

namespace store {

namespace {

// Puts the versions of blobs together, of which the newest one comes first.
class VersionHistory {
 public:
  VersionHistory(std::string_view area, const std::string& directory)
      : area_(area), directory_(directory) {}

  void add(const S3VersionPage::Version& version) {
    if (!version.key.starts_with(directory_)) return;
    const std::string key = version.key.substr(directory_.size());
    if (!BlobName::is_key(key)) return;
    Versions& versions = all_[key];
    if (version.is_newest) {
      versions.is_removed = version.is_marker;
      versions.newest_etag = version.etag;
    }
    if (version.is_marker) return;
    versions.first_id = version.id;
    versions.first_etag = version.etag;
  }

  std::vector<BlobVersion> first_versions() const {
    std::vector<BlobVersion> result;
    for (const auto& [key, versions] : all_) {
      if (versions.first_id.empty()) continue;  // a marker alone
      result.push_back(
          {.name = BlobName(area_, key),
           .id = versions.first_id,
           .is_removed = versions.is_removed,
           .is_replaced = !versions.is_removed && versions.newest_etag != versions.first_etag});
    }
    return result;
  }

 private:
  struct Versions {
    std::string first_id;
    std::string first_etag;
    std::string newest_etag;
    bool is_removed = false;
  };

  std::string_view area_;
  const std::string& directory_;
  std::map<std::string, Versions> all_;
};

// The page behind that version.
S3Request version_page(const std::string& prefix, const std::pair<std::string, std::string>& last,
                       const std::string& operation) {
  S3Request page{.operation = operation, .max_body = kMaxS3Document, .is_document = true};
  page.query.emplace_back("encoding-type", "url");
  if (!last.first.empty()) page.query.emplace_back("key-marker", last.first);
  page.query.emplace_back("prefix", prefix);
  if (!last.second.empty()) page.query.emplace_back("version-id-marker", last.second);
  page.query.emplace_back("versions", "");
  return page;
}

bool is_denied(const S3Answer& answer) {
  return answer.problem && (answer.problem->kind == S3Problem::Kind::kRefused ||
                            answer.problem->kind == S3Problem::Kind::kUnsupported);
}

enum class OnDenial { kFail, kListNothing };

// Calls `take` for all versions of the keys with that prefix, of each key the newest first.
template <typename Take>
void for_each_version(S3Bucket& bucket, const std::string& prefix, const std::string& operation,
                      OnDenial on_denial, const Take& take) {
  std::pair<std::string, std::string> last;  // key and id
  while (true) {
    const S3Request page = version_page(prefix, last, operation);
    const S3Answer answer = bucket.send(page);
    if (is_denied(answer) && on_denial == OnDenial::kListNothing) {
      base::log_debug("{}: {}", operation, answer.problem->message);
      return;
    }
    if (answer.problem) bucket.fail(page, *answer.problem);
    const auto listing = parse_s3_versions(answer.http.body);
    if (!listing) fail_as_strange(operation, "it is not a listing of versions");
    for (const S3VersionPage::Version& version : listing->versions) take(version);
    if (!listing->is_truncated) return;
    std::pair next(listing->next_key, listing->next_id);
    if (next.first.empty() || next == last) {
      fail_as_strange(operation, "its pages do not follow each other");
    }
    last = std::move(next);
  }
}

}  // namespace

std::vector<BlobVersion> list_first_versions(S3Bucket& bucket, std::string_view area,
                                             const std::string& directory,
                                             const std::string& operation) {
  VersionHistory history(area, directory);
  for_each_version(bucket, directory, operation, OnDenial::kFail,
                   [&](const S3VersionPage::Version& version) { history.add(version); });
  return history.first_versions();
}

std::vector<KeptVersion> list_versions(S3Bucket& bucket, const std::string& key,
                                       const std::string& operation) {
  std::vector<KeptVersion> versions;
  bool was_removed = false;  // they come from the newest one on
  for_each_version(
      bucket, key, operation, OnDenial::kListNothing, [&](const S3VersionPage::Version& version) {
        if (version.key != key) return;
        was_removed = was_removed || version.is_marker;
        if (version.is_marker) return;
        versions.push_back(
            {.id = version.id, .is_newest = version.is_newest, .was_removed = was_removed});
      });
  std::ranges::reverse(versions);
  return versions;
}

}  // namespace store
