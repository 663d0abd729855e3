#include "store/storage/directory_storage.h"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

#include "base/atomic_file.h"
#include "base/error.h"

namespace store {

namespace {

using base::ErrorCode;
using base::fail;

[[noreturn]] void fail_as_different(const base::Path& path) {
  fail(ErrorCode::kDamaged,
       "write {}: a file of this name exists, with other bytes: move it away, and run the command "
       "again",
       path.string());
}

}  // namespace

class DirectoryStorage::DirectoryUpload : public Upload {
 public:
  DirectoryUpload(DirectoryStorage& storage, std::string_view area)
      : storage_(storage), area_(area), file_(storage.files_, storage.prepare(area)) {}

  void write(base::ByteView bytes) override { file_.write(bytes); }

  void publish(std::string_view key) override {
    const BlobName name(area_, key);
    if (file_.commit(name.key(), base::OnExisting::kFail)) return;
    if (storage_.size(name) != file_.size()) fail_as_different(storage_.path_of(name));
    storage_.files_.sync_directory(storage_.directory_ / area_);
  }

 private:
  DirectoryStorage& storage_;
  std::string area_;
  base::AtomicFile file_;
};

DirectoryStorage::DirectoryStorage(base::FileSystem& files, base::Path directory)
    : files_(files), directory_(std::move(directory)) {}

void DirectoryStorage::put(const BlobName& name, base::ByteView bytes) {
  if (create(name, bytes) == Created::kExists) fail_as_different(path_of(name));
}

std::unique_ptr<Upload> DirectoryStorage::upload(std::string_view area) {
  return std::make_unique<DirectoryUpload>(*this, area);
}

Created DirectoryStorage::create(const BlobName& name, base::ByteView bytes) {
  if (write(name, bytes, base::OnExisting::kFail)) return Created::kYes;
  const Created created = compare_with_existing(*this, name, bytes);
  // An earlier attempt may have failed, or its process may have ended, between the two.
  if (created == Created::kYes) files_.sync_directory(directory_ / name.area());
  return created;
}

void DirectoryStorage::replace(const BlobName& name, base::ByteView bytes) {
  write(name, bytes, base::OnExisting::kReplace);
}

std::optional<base::Bytes> DirectoryStorage::get(const BlobName& name, std::uint64_t limit) {
  std::optional<base::Bytes> bytes = base::read_file(files_, path_of(name), limit);
  if (!bytes) require_directory();
  return bytes;
}

std::optional<std::size_t> DirectoryStorage::read_at(const BlobName& name, std::uint64_t offset,
                                                     std::span<std::byte> out) {
  const std::unique_ptr<base::File> file = open(name);
  if (!file) return std::nullopt;
  return offset < file->size() ? file->read_at(offset, out) : 0;
}

std::optional<BlobTail> DirectoryStorage::get_tail(const BlobName& name, std::size_t size) {
  const std::unique_ptr<base::File> file = open(name);
  if (!file) return std::nullopt;
  BlobTail tail{.blob_size = file->size(), .bytes = {}};
  tail.bytes.resize(static_cast<std::size_t>(std::min<std::uint64_t>(tail.blob_size, size)));
  tail.bytes.resize(file->read_at(tail.blob_size - tail.bytes.size(), tail.bytes));
  return tail;
}

std::optional<std::uint64_t> DirectoryStorage::size(const BlobName& name) {
  const std::unique_ptr<base::File> file = open(name);
  return file ? std::optional(file->size()) : std::nullopt;
}

std::vector<std::string> DirectoryStorage::list(std::string_view area, std::string_view prefix,
                                                std::string_view after) {
  BlobName::require_area(area);
  std::vector<std::string> keys = files_.list(directory_ / area);
  if (keys.empty()) require_directory();
  std::erase_if(keys, [&](const std::string& key) {
    return !BlobName::is_key(key) || !key.starts_with(prefix) || key <= after;
  });
  return keys;
}

std::vector<NotRemoved> DirectoryStorage::remove(std::span<const BlobName> names) {
  std::vector<NotRemoved> left;
  std::set<std::string> areas;
  for (const BlobName& name : names) {
    try {
      files_.remove(path_of(name));
      areas.insert(name.area());
    } catch (const base::Error& error) {
      if (error.code() != ErrorCode::kIo) throw;
      left.push_back({.name = name, .why = error.what()});
    }
  }
  // Also if all were absent: an earlier call may have failed between the two.
  for (const std::string& area : areas) {
    const base::Path path = directory_ / area;
    if (files_.modified(path)) files_.sync_directory(path);
  }
  if (!areas.empty()) require_directory();
  return left;
}

StorageTraits DirectoryStorage::traits() const {
  return {.creates_once = true, .lists_at_once = true, .replaces_at_once = true};
}

std::string DirectoryStorage::display_name() const {
  return directory_.string();
}

std::string DirectoryStorage::display_name(const BlobName& name) const {
  return path_of(name).string();
}

base::Path DirectoryStorage::path_of(const BlobName& name) const {
  return directory_ / name.area() / name.key();
}

// The directory of an area, durable.
base::Path DirectoryStorage::prepare(std::string_view area) {
  BlobName::require_area(area);
  base::Path path = directory_ / area;
  const std::lock_guard lock(mutex_);
  if (prepared_.contains(area)) return path;
  require_directory();
  files_.make_directory(path);
  // Also if it exists: the process that made it may have ended before it was durable.
  files_.sync_directory(directory_);
  prepared_.emplace(area);
  return path;
}

bool DirectoryStorage::write(const BlobName& name, base::ByteView bytes,
                             base::OnExisting on_existing) {
  return base::write_file(files_, prepare(name.area()) / name.key(), bytes, on_existing);
}

std::unique_ptr<base::File> DirectoryStorage::open(const BlobName& name) {
  std::unique_ptr<base::File> file = files_.open(path_of(name));
  if (!file) require_directory();
  return file;
}

// Without it, every blob would look as if it had never been written. With the dot, a link counts by
// where it leads.
void DirectoryStorage::require_directory() {
  if (files_.modified(directory_ / ".")) return;
  throw StorageError(
      Trouble::kGone,
      fmt::format("open {}: the directory is missing: mount its disk, or correct store.path",
                  directory_.string()));
}

}  // namespace store
