#include "store/maintenance/quarantine.h"

#include <algorithm>
#include <array>
#include <optional>

#include <fmt/core.h>

#include "base/atomic_file.h"
#include "base/error.h"
#include "store/format/layout.h"
#include "store/sealed_tree.h"
#include "store/storage/blob_file.h"

namespace store {

namespace {

constexpr std::uint64_t kMaxTaken = kMaxSealedTree;  // nothing larger is kept in one piece

BlobName kept_name(const std::string& key, int number) {
  return {kQuarantineArea, number == 0 ? key : fmt::format("{}.{}", key, number)};
}

struct Existing {
  bool is_free = false;
  std::optional<base::Bytes> bytes = {};  // nullopt also if it can't be read as a blob
};

Existing existing_at(Storage& storage, const BlobName& name) {
  Existing existing;
  base::why_unreadable([&] {
    existing.bytes = storage.get(name, kMaxTaken);
    existing.is_free = !existing.bytes;
  });
  return existing;
}

}  // namespace

Quarantine::Quarantine(const Location& location, base::FileSystem& files)
    : location_(location), files_(files), storage_(storage_of(location, files)) {}

std::vector<SalvageSource> Quarantine::sources() {
  std::vector<SalvageSource> found;
  if (!location_.is_directory()) {
    for (const std::string& key : storage_->list(kQuarantineArea)) {
      found.push_back(source_of(*storage_, {kQuarantineArea, key}));
    }
    return found;
  }
  // An administrator may have put a file there under any name.
  const base::Path quarantine = quarantine_directory(location_);
  for (const std::string& name : files_.list(quarantine)) {
    if (base::AtomicFile::is_temporary(name)) continue;
    const base::Path path = quarantine / name;
    found.push_back({.name = path.string(), .open = [this, path] { return files_.open(path); }});
  }
  return found;
}

void Quarantine::take(const BlobName& name) {
  std::optional<base::Bytes> bytes;
  try {
    bytes = storage_->get(name, kMaxTaken);
  } catch (const base::Error& error) {
    const bool may_be_moved =
        error.code() == base::ErrorCode::kDamaged || error.code() == base::ErrorCode::kIo;
    if (!location_.is_directory() || !may_be_moved) throw;
    return move(name);
  }
  if (!bytes) return;
  keep(name, *bytes);
  for (const NotRemoved& left : storage_->remove(std::array{name})) {
    base::fail(base::ErrorCode::kIo, "repair: {}", left.why);
  }
}

// After a crash, the bytes may be there already.
void Quarantine::keep(const BlobName& name, base::ByteView bytes) {
  for (int number = 0;; ++number) {
    const BlobName kept = kept_name(name.key(), number);
    const Existing existing = existing_at(*storage_, kept);
    if (!existing.is_free && (!existing.bytes || !std::ranges::equal(*existing.bytes, bytes))) {
      continue;
    }
    storage_->put(kept, bytes);
    taken_.push_back(storage_->display_name(kept));
    return;
  }
}

void Quarantine::move(const BlobName& name) {
  const base::Path directory = location_.store / name.area();
  const base::Path quarantine = quarantine_directory(location_);
  files_.make_directory(quarantine);
  files_.sync_directory(location_.store);
  BlobName moved = kept_name(name.key(), 0);
  for (int number = 1;
       !files_.rename(directory / name.key(), quarantine / moved.key(), base::OnExisting::kFail);
       ++number) {
    moved = kept_name(name.key(), number);
  }
  files_.sync_directory(quarantine);
  files_.sync_directory(directory);
  taken_.push_back((quarantine / moved.key()).string());
}

}  // namespace store
