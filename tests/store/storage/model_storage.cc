#include "tests/store/storage/model_storage.h"

#include <algorithm>

#include <fmt/core.h>

#include "base/error.h"

namespace tests {

using store::BlobName;
using store::StorageError;
using store::Trouble;

class ModelStorage::ModelUpload : public store::Upload {
 public:
  ModelUpload(ModelStorage& storage, std::string_view area) : storage_(storage), area_(area) {}

  void write(base::ByteView bytes) override {
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
  }
  void publish(std::string_view key) override { storage_.put(BlobName(area_, key), bytes_); }

 private:
  ModelStorage& storage_;
  std::string area_;
  base::Bytes bytes_;
};

void ModelStorage::set_faults(const StorageFaults& faults) {
  const std::lock_guard lock(mutex_);
  faults_ = faults;
  random_.seed(faults.seed + 1);
}

void ModelStorage::fail_once_at(std::uint64_t operation, StorageFault fault) {
  const std::lock_guard lock(mutex_);
  fails_once_at_ = operation;
  fails_every_ = 0;
  is_gone_from_ = 0;
  planned_ = fault;
}

void ModelStorage::fail_every(std::uint64_t nth, StorageFault fault) {
  const std::lock_guard lock(mutex_);
  fails_once_at_ = 0;
  fails_every_ = nth;
  is_gone_from_ = 0;
  planned_ = fault;
}

void ModelStorage::fail_for_good_from(std::uint64_t operation, StorageFault fault) {
  fail_once_at(operation, fault);
  const std::lock_guard lock(mutex_);
  is_gone_from_ = operation + 1;
}

void ModelStorage::stop_failing() {
  const std::lock_guard lock(mutex_);
  fails_once_at_ = 0;
  fails_every_ = 0;
  is_gone_from_ = 0;
  faults_ = {};
}

void ModelStorage::keep() {
  const std::lock_guard lock(mutex_);
  kept_blobs_ = blobs_;
  kept_changes_ = changes_;
}

void ModelStorage::revert() {
  const std::lock_guard lock(mutex_);
  blobs_ = kept_blobs_;
  changes_ = kept_changes_;
}

std::uint64_t ModelStorage::operations() const {
  const std::lock_guard lock(mutex_);
  return operations_;
}

std::uint64_t ModelStorage::operations(const std::string& kind) const {
  const std::lock_guard lock(mutex_);
  const auto found = operations_by_kind_.find(kind);
  return found == operations_by_kind_.end() ? 0 : found->second;
}

std::map<BlobName, base::Bytes> ModelStorage::contents() const {
  const std::lock_guard lock(mutex_);
  std::map<BlobName, base::Bytes> contents;
  for (const auto& [name, versions] : blobs_) {
    if (versions.back().bytes) contents.emplace(name, *versions.back().bytes);
  }
  return contents;
}

void ModelStorage::overwrite(const BlobName& name, base::Bytes bytes) {
  const std::lock_guard lock(mutex_);
  blobs_[name] = {{.change = 0, .bytes = std::move(bytes)}};
}

void ModelStorage::lose(const BlobName& name) {
  const std::lock_guard lock(mutex_);
  blobs_.erase(name);
}

void ModelStorage::put(const BlobName& name, base::ByteView bytes) {
  perform("put", [&] {
    const base::Bytes* const existing = present(name);
    const bool is_other = existing != nullptr && !std::ranges::equal(*existing, bytes);
    if (is_other && !keeps_versions_) {
      base::fail(base::ErrorCode::kDamaged, "put {}: it has other bytes", name.text());
    }
    if (existing == nullptr || is_other) set(name, base::Bytes(bytes.begin(), bytes.end()));
  });
}

std::unique_ptr<store::Upload> ModelStorage::upload(std::string_view area) {
  BlobName::require_area(area);
  return std::make_unique<ModelUpload>(*this, area);
}

store::Created ModelStorage::create(const BlobName& name, base::ByteView bytes) {
  if (!traits_.creates_once) {
    base::fail(base::ErrorCode::kInternal, "create {}: several writers could win", name.text());
  }
  bool exists = false;
  perform("create", [&] {
    exists = present(name) != nullptr;
    if (!exists) set(name, base::Bytes(bytes.begin(), bytes.end()));
  });
  return exists ? compare_with_existing(*this, name, bytes) : store::Created::kYes;
}

void ModelStorage::set_conditions(Conditions conditions) {
  const std::lock_guard lock(mutex_);
  conditions_ = conditions;
}

std::optional<store::Created> ModelStorage::try_create(const BlobName& name, base::ByteView bytes) {
  bool is_known = false;
  bool exists = false;
  perform("create", [&] {
    is_known = conditions_ != Conditions::kUnknown;
    exists = conditions_ == Conditions::kKept && present(name) != nullptr;
    if (is_known && !exists) set(name, base::Bytes(bytes.begin(), bytes.end()));
  });
  if (!is_known) return std::nullopt;
  return exists ? compare_with_existing(*this, name, bytes) : store::Created::kYes;
}

void ModelStorage::replace(const BlobName& name, base::ByteView bytes) {
  perform("replace", [&] { set(name, base::Bytes(bytes.begin(), bytes.end())); });
}

std::optional<base::Bytes> ModelStorage::get(const BlobName& name, std::uint64_t limit) {
  std::optional<base::Bytes> bytes;
  perform("get", [&] {
    const base::Bytes* const found = readable(name);
    if (found == nullptr) return;
    if (found->size() > limit) {
      base::fail(base::ErrorCode::kDamaged, "get {}: {} bytes, at most {} expected", name.text(),
                 found->size(), limit);
    }
    bytes = *found;
  });
  return bytes;
}

std::optional<std::size_t> ModelStorage::read_at(const BlobName& name, std::uint64_t offset,
                                                 std::span<std::byte> out) {
  std::optional<std::size_t> length;
  perform("get", [&] { length = copy_part(readable(name), offset, out); });
  return length;
}

std::optional<std::size_t> ModelStorage::copy_part(const base::Bytes* bytes, std::uint64_t offset,
                                                   std::span<std::byte> out) {
  if (bytes == nullptr) return std::nullopt;
  const auto begin = static_cast<std::size_t>(std::min<std::uint64_t>(offset, bytes->size()));
  const std::size_t length = std::min(out.size(), bytes->size() - begin);
  std::ranges::copy(base::ByteView(*bytes).subspan(begin, length), out.begin());
  return length;
}

std::optional<store::BlobTail> ModelStorage::get_tail(const BlobName& name, std::size_t size) {
  std::optional<store::BlobTail> tail;
  perform("get", [&] {
    const base::Bytes* const found = readable(name);
    if (found == nullptr) return;
    const base::ByteView end = base::ByteView(*found).last(std::min(size, found->size()));
    tail = {.blob_size = found->size(), .bytes = {end.begin(), end.end()}};
  });
  return tail;
}

std::optional<std::uint64_t> ModelStorage::size(const BlobName& name) {
  std::optional<std::uint64_t> size;
  perform("size", [&] {
    if (const base::Bytes* const found = readable(name)) size = found->size();
  });
  return size;
}

std::vector<std::string> ModelStorage::list(std::string_view area, std::string_view prefix,
                                            std::string_view after) {
  BlobName::require_area(area);
  std::vector<std::string> keys;
  perform("list", [&] {
    const std::uint64_t moment = some_moment(faults_.late_listings);
    for (const auto& [name, versions] : blobs_) {
      const bool is_wanted =
          name.area() == area && name.key().starts_with(prefix) && name.key() > after;
      if (!is_wanted || bytes_at(versions, moment) == nullptr) continue;
      if (!draw(faults_.missing_names)) keys.push_back(name.key());
    }
    chosen_.add_keys(area, prefix, after, keys);
  });
  return keys;
}

std::vector<store::NotRemoved> ModelStorage::remove(std::span<const BlobName> names) {
  perform("remove", [&] {
    for (const BlobName& name : names) {
      if (present(name) != nullptr) {
        set(name, std::nullopt);
      } else {
        chosen_.forget(std::span(&name, 1));
      }
    }
  });
  return {};
}

void ModelStorage::perform(const std::string& kind, const std::function<void()>& work) {
  const std::lock_guard lock(mutex_);
  ++operations_;
  ++operations_by_kind_[kind];
  const std::optional<StorageFault> fault = next_fault();
  if (fault == StorageFault::kThrottled) {
    throw StorageError(Trouble::kThrottled, kind + ": too many requests: try again later", pause_);
  }
  if (fault == StorageFault::kRefused) {
    throw StorageError(Trouble::kRefused, kind + ": the model refuses it");
  }
  if (fault != StorageFault::kNotDone) work();
  if (fault) throw StorageError(Trouble::kUnanswered, kind + ": no answer: try again");
}

std::optional<StorageFault> ModelStorage::next_fault() {
  if (operations_ == fails_once_at_) return planned_;
  if (is_gone_from_ != 0 && operations_ >= is_gone_from_) return StorageFault::kNotDone;
  if (fails_every_ != 0 && operations_ % fails_every_ == 0) return planned_;
  if (draw(faults_.not_done)) return StorageFault::kNotDone;
  if (draw(faults_.done)) return StorageFault::kDone;
  if (draw(faults_.throttled)) return StorageFault::kThrottled;
  return std::nullopt;
}

bool ModelStorage::draw(unsigned percent) {
  return percent > 0 && random_() % 100 < percent;
}

std::uint64_t ModelStorage::some_moment(unsigned changes_ago) {
  if (changes_ago == 0) return changes_;
  return changes_ - std::min<std::uint64_t>(changes_, random_() % (changes_ago + 1));
}

void ModelStorage::set(const BlobName& name, std::optional<base::Bytes> bytes) {
  blobs_[name].push_back({.change = ++changes_, .bytes = std::move(bytes)});
  chosen_.forget(std::span(&name, 1));
}

void ModelStorage::keep_versions() {
  const std::lock_guard lock(mutex_);
  keeps_versions_ = true;
}

bool ModelStorage::keeps_versions() {
  const std::lock_guard lock(mutex_);
  return keeps_versions_;
}

std::vector<store::BlobVersion> ModelStorage::first_versions(std::string_view area) {
  std::vector<store::BlobVersion> found;
  perform("versions", [&] {
    for (const auto& [name, versions] : blobs_) {
      const auto first = std::ranges::find_if(
          versions, [](const Version& version) { return version.bytes.has_value(); });
      if (name.area() != area || first == versions.end()) continue;
      const std::optional<base::Bytes>& newest = versions.back().bytes;
      found.push_back({.name = name,
                       .id = std::to_string(first->change),
                       .is_removed = !newest,
                       .is_replaced = newest && *newest != *first->bytes});
    }
  });
  return found;
}

std::vector<store::KeptVersion> ModelStorage::versions(const BlobName& name) {
  std::vector<store::KeptVersion> found;
  perform("versions", [&] {
    const auto versions = blobs_.find(name);
    if (!keeps_versions_ || versions == blobs_.end()) return;
    for (const Version& version : versions->second) {
      if (!version.bytes) {
        for (store::KeptVersion& earlier : found) earlier.was_removed = true;
        continue;
      }
      found.push_back({.id = std::to_string(version.change),
                       .is_newest = version.change == versions->second.back().change});
    }
  });
  return found;
}

std::optional<std::size_t> ModelStorage::read_version_at(const BlobName& name,
                                                         const std::string& id,
                                                         std::uint64_t offset,
                                                         std::span<std::byte> out) {
  std::optional<std::size_t> length;
  perform("get", [&] { length = copy_part(version_of(name, id), offset, out); });
  return length;
}

const base::Bytes* ModelStorage::version_of(const BlobName& name, const std::string& id) const {
  const auto versions = blobs_.find(name);
  if (versions == blobs_.end()) return nullptr;
  for (const Version& version : versions->second) {
    if (std::to_string(version.change) == id && version.bytes) return &*version.bytes;
  }
  return nullptr;
}

const base::Bytes* ModelStorage::present(const BlobName& name) const {
  const auto found = blobs_.find(name);
  return found == blobs_.end() ? nullptr : bytes_at(found->second, changes_);
}

// A name that had no bytes at the earlier moment is new: it is read at once.
const base::Bytes* ModelStorage::readable(const BlobName& name) {
  const auto found = blobs_.find(name);
  if (found == blobs_.end()) return nullptr;
  if (const std::string chosen = chosen_.of(name); !chosen.empty()) return version_of(name, chosen);
  const base::Bytes* const old = bytes_at(found->second, some_moment(faults_.late_reads));
  return old != nullptr ? old : bytes_at(found->second, changes_);
}

const base::Bytes* ModelStorage::bytes_at(const Versions& versions, std::uint64_t moment) {
  const auto after = std::ranges::upper_bound(versions, moment, {}, &Version::change);
  if (after == versions.begin()) return nullptr;
  const Version& version = *std::prev(after);
  return version.bytes ? &*version.bytes : nullptr;
}

}  // namespace tests
