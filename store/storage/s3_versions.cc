#include "store/storage/s3_versions.h"

#include <map>
#include <utility>

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
std::vector<std::pair<std::string, std::string>> version_page(const std::string& directory,
                                                              const std::string& key,
                                                              const std::string& id) {
  std::vector<std::pair<std::string, std::string>> query{{"encoding-type", "url"}};
  if (!key.empty()) query.emplace_back("key-marker", key);
  query.emplace_back("prefix", directory);
  if (!id.empty()) query.emplace_back("version-id-marker", id);
  query.emplace_back("versions", "");
  return query;
}

}  // namespace

std::vector<BlobVersion> list_first_versions(S3Bucket& bucket, std::string_view area,
                                             const std::string& directory,
                                             const std::string& operation) {
  VersionHistory history(area, directory);
  std::pair<std::string, std::string> last;  // key and id
  while (true) {
    const auto listing =
        parse_s3_versions(bucket
                              .get({.operation = operation,
                                    .query = version_page(directory, last.first, last.second),
                                    .max_body = kMaxS3Document,
                                    .is_document = true})
                              .body);
    if (!listing) fail_as_strange(operation, "it is not a listing of versions");
    for (const S3VersionPage::Version& version : listing->versions) history.add(version);
    if (!listing->is_truncated) return history.first_versions();
    std::pair next(listing->next_key, listing->next_id);
    if (next.first.empty() || next == last) {
      fail_as_strange(operation, "its pages do not follow each other");
    }
    last = std::move(next);
  }
}

}  // namespace store
