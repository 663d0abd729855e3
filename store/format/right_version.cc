#include "store/format/right_version.h"

#include <algorithm>
#include <array>
#include <optional>
#include <span>
#include <vector>

#include <fmt/core.h>

#include "base/atomic_file.h"
#include "base/error.h"
#include "base/log.h"
#include "store/format/crypto.h"
#include "store/format/layout.h"

namespace store {

namespace {

constexpr std::size_t kVersionPiece = std::size_t{8} << 20U;
constexpr std::array kVersionedAreas{kPacksArea, kCommitsArea, kKeysArea};

enum class VersionOrder { kOldestFirst, kNewestFirst };

// Chooses the first one of which `is_right`, called with its id, is true.
template <typename IsRight>
bool choose_first(Storage& storage, const BlobName& name, const IsRight& is_right,
                  VersionOrder order = VersionOrder::kOldestFirst) {
  if (!storage.keeps_versions()) return false;
  const bool reads_older = storage.reads_older_version(name);
  std::vector<KeptVersion> versions = storage.versions(name);
  if (order == VersionOrder::kNewestFirst) {
    std::ranges::reverse(versions);
    std::erase_if(versions, [](const KeptVersion& version) { return version.was_removed; });
  }
  const bool is_alone = versions.size() == 1 && versions.front().is_newest;
  if (is_alone && !reads_older) return false;  // it was read, and was not right
  for (const KeptVersion& version : versions) {
    if (!is_right(version.id)) continue;
    storage.choose_version(name, version.is_newest ? "" : version.id);
    if (version.is_newest) return reads_older;
    base::log_warning("{}: it was deleted or replaced in the storage: reading its older version {}",
                      storage.display_name(name), version.id);
    return true;
  }
  return false;
}

}  // namespace

std::optional<Sha256> digest_of_version(Storage& storage, const BlobName& name,
                                        const std::string& id) {
  Sha256Hash hash;
  base::Bytes piece(kVersionPiece);
  for (std::uint64_t offset = 0;; offset += piece.size()) {
    const std::optional<std::size_t> length = storage.read_version_at(name, id, offset, piece);
    if (!length) return std::nullopt;
    hash.update(base::ByteView(piece).first(*length));
    if (*length < piece.size()) return hash.finish();
  }
}

bool choose_right_pack(Storage& storage, const PackName& pack) {
  const BlobName name = blob_of(pack);
  return choose_first(storage, name, [&](const std::string& id) {
    return digest_of_version(storage, name, id) == pack;
  });
}

bool choose_right_version(Storage& storage, const BlobName& name, std::uint64_t limit,
                          const std::function<bool(base::ByteView)>& is_right) {
  return choose_first(storage, name, [&](const std::string& id) {
    const std::optional<base::Bytes> bytes = read_version(storage, name, id, limit);
    return bytes && is_right(*bytes);
  });
}

bool choose_newest_version(Storage& storage, const BlobName& name, std::uint64_t limit,
                           const std::function<bool(base::ByteView)>& opens) {
  const auto is_right = [&](const std::string& id) {
    const std::optional<base::Bytes> bytes = read_version(storage, name, id, limit);
    return bytes && opens(*bytes);
  };
  return choose_first(storage, name, is_right, VersionOrder::kNewestFirst);
}

std::optional<base::Bytes> read_version(Storage& storage, const BlobName& name,
                                        const std::string& id, std::uint64_t limit) {
  const std::size_t piece = std::min<std::uint64_t>(limit + 1, kVersionPiece);
  base::Bytes bytes;
  while (true) {
    const std::size_t begin = bytes.size();
    bytes.resize(begin + piece);
    const std::optional<std::size_t> length =
        storage.read_version_at(name, id, begin, std::span(bytes).subspan(begin));
    if (!length) return std::nullopt;
    bytes.resize(begin + *length);
    if (bytes.size() > limit) return std::nullopt;
    if (*length < piece) return bytes;
  }
}

std::size_t choose_first_versions(Storage& storage, std::string_view area) {
  if (!storage.keeps_versions()) {
    base::fail(base::ErrorCode::kConfig,
               "read the first versions in {}: it keeps no versions, or does not let this access "
               "key see whether it does (s3:GetBucketVersioning)",
               storage.display_name());
  }
  std::size_t count = 0;
  for (const BlobVersion& version : storage.first_versions(area)) {
    if (!version.is_removed && !version.is_replaced) continue;
    storage.choose_version(version.name, version.id, InListings::kAlways);
    ++count;
  }
  return count;
}

std::size_t choose_first_versions(Storage& storage) {
  std::size_t count = 0;
  for (const std::string_view area : kVersionedAreas) count += choose_first_versions(storage, area);
  return count;
}

void choose_newest_versions(Storage& storage) {
  for (const std::string_view area : kVersionedAreas) {
    for (const std::string& key : storage.list(area)) storage.choose_version({area, key}, "");
  }
}

bool reads_first_versions(const Location& location, base::FileSystem& files) {
  return !location.is_directory() && !location.index.empty() &&
         files.modified(first_versions_file(location)).has_value();
}

void require_newest_versions(const Location& location, base::FileSystem& files) {
  if (!reads_first_versions(location, files)) return;
  base::fail(base::ErrorCode::kConfig,
             "write to store {}: it is read as it was before objects in it were deleted or "
             "replaced: run mailstow-backupd check --repair, which puts them back, or reindex",
             display_name(location));
}

void note_versions(const Location& location, base::FileSystem& files, Versions versions) {
  const base::Path file = first_versions_file(location);
  if (versions == Versions::kFirst) {
    base::make_directories(files, location.index);
    base::write_file(files, file, {}, base::OnExisting::kReplace);
  } else if (files.modified(file)) {
    files.remove(file);
  }
}

}  // namespace store
