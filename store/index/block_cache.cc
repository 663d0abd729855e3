#include "store/index/block_cache.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <exception>
#include <filesystem>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <fmt/core.h>
#include <unistd.h>

#include "base/atomic_file.h"
#include "base/log.h"
#include "store/format/crypto.h"
#include "store/format/layout.h"

namespace store {

namespace {

namespace fs = std::filesystem;

// How much is added before the directory is read again: other processes add, too.
constexpr std::uint64_t kLooksPerLimit = 16;
// How much more than necessary is removed, so that not every block leads to a look.
constexpr std::uint64_t kSpareShare = 8;

struct Entry {
  fs::file_time_type used;
  std::uint64_t size = 0;
  base::Path path;
};

// Another process may remove it meanwhile, and then it is no file.
std::optional<Entry> entry_of(const fs::directory_entry& file) {
  std::error_code error;
  if (!fs::is_regular_file(file.symlink_status(error))) return std::nullopt;
  Entry entry{.used = {}, .size = file.file_size(error), .path = file.path()};
  if (error) return std::nullopt;
  entry.used = file.last_write_time(error);
  if (error) return std::nullopt;
  return entry;
}

// Removes what interrupted programs left.
std::vector<Entry> entries_in(const base::Path& directory) {
  const fs::file_time_type yesterday = fs::file_time_type::clock::now() - std::chrono::days(1);
  std::vector<Entry> entries;
  for (const fs::directory_entry& file : fs::directory_iterator(directory)) {
    std::optional<Entry> entry = entry_of(file);
    if (!entry) continue;
    const std::string name = file.path().filename().string();
    if (!base::AtomicFile::is_temporary(name)) {
      entries.push_back(*std::move(entry));
    } else if (base::AtomicFile::is_leftover(name) && entry->used < yesterday) {
      std::error_code error;
      fs::remove(file.path(), error);
    }
  }
  return entries;
}

}  // namespace

BlockCache::BlockCache(const Location& location)
    : directory_(cache_directory(location)),
      limit_(location.is_directory() ? 0 : location.cache_bytes),
      keep_free_(2 * location.keep_free) {}

base::Path BlockCache::path_of(const BlockHeader& header) const {
  return directory_ / fmt::format("{}.{}", base::to_hex(header.pack), header.ordinal);
}

std::optional<base::Bytes> BlockCache::find(const BlockHeader& header) {
  if (limit_ == 0) return std::nullopt;
  try {
    return read(header);
  } catch (const std::exception& error) {
    base::log_debug("cache: {}", error.what());
    return std::nullopt;
  }
}

std::optional<base::Bytes> BlockCache::read(const BlockHeader& header) {
  const base::Path path = path_of(header);
  const std::unique_ptr<base::File> file = base::real_file_system().open(path);
  if (!file) return std::nullopt;
  base::Bytes sealed(BlockHeader::kSize + header.sealed_length);
  if (file->size() != sealed.size() || file->read_at(0, sealed) != sealed.size()) {
    remove(header);
    return std::nullopt;
  }
  std::error_code error;  // its age does not matter that much
  fs::last_write_time(path, fs::file_time_type::clock::now(), error);
  return sealed;
}

void BlockCache::add(const BlockHeader& header, base::ByteView sealed) {
  if (limit_ == 0 || sealed.size() > limit_) return;
  const std::lock_guard lock(mutex_);
  if (!is_writable_) return;
  try {
    const base::Path path = path_of(header);
    if (fs::exists(path)) return;
    make_room(sealed.size());
    if (sealed.size() > allowed_) return;
    write(path, sealed);
    bytes_ += sealed.size();
    added_ += sealed.size();
  } catch (const std::exception& error) {
    is_writable_ = false;
    base::log_debug("cache: nothing is added to it any longer: {}", error.what());
  }
}

bool BlockCache::remove(const BlockHeader& header) {
  if (limit_ == 0) return false;
  std::error_code error;
  return fs::remove(path_of(header), error);
}

void BlockCache::keep_only(const std::function<bool(const PackId& pack)>& exists) {
  if (limit_ == 0) return;
  try {
    if (!fs::exists(directory_)) return;
    for (const Entry& entry : entries_in(directory_)) {
      const std::optional<base::Bytes> id = base::from_hex(entry.path.stem().string());
      PackId pack{};
      if (!id || id->size() != pack.size()) continue;
      std::ranges::copy(*id, pack.begin());
      if (!exists(pack)) fs::remove(entry.path);
    }
  } catch (const std::exception& error) {
    base::log_warning("clean the cache: {}", error.what());
  }
}

void BlockCache::make_room(std::uint64_t size) {
  const bool is_recent = is_known_ && added_ <= limit_ / kLooksPerLimit;
  if (is_recent && bytes_ + size <= allowed_) return;
  base::FileSystem& files = base::real_file_system();
  if (!is_known_) base::make_directories(files, directory_);
  std::vector<Entry> entries = entries_in(directory_);
  bytes_ = 0;
  for (const Entry& entry : entries) bytes_ += entry.size;
  added_ = 0;
  is_known_ = true;
  const std::uint64_t free = files.free_space(directory_);
  allowed_ = std::min(limit_, bytes_ + free - std::min(free, keep_free_));
  if (free < keep_free_) allowed_ -= std::min(allowed_, keep_free_ - free);
  if (bytes_ + size <= allowed_ || size > allowed_) return;
  std::ranges::sort(entries, {}, &Entry::used);
  const std::uint64_t wanted = allowed_ - allowed_ / kSpareShare;
  for (const Entry& entry : entries) {
    if (bytes_ + size <= wanted) break;
    std::error_code error;
    fs::remove(entry.path, error);
    bytes_ -= entry.size;
  }
}

// A crash may leave the file with other bytes: they prove nothing, and are removed when they are
// read.
void BlockCache::write(const base::Path& path, base::ByteView sealed) {
  base::FileSystem& files = base::real_file_system();
  std::array<std::byte, 8> random{};
  fill_random(random);
  const base::Path temporary =
      directory_ / fmt::format(".mailstow-{}-{}.tmp", ::getpid(), base::to_hex(random));
  try {
    files.create(temporary)->write(sealed);
    std::error_code error;  // the kernel's own time is coarser than that of a later use
    fs::last_write_time(temporary, fs::file_time_type::clock::now(), error);
    files.rename(temporary, path, base::OnExisting::kReplace);
  } catch (...) {
    std::error_code error;
    fs::remove(temporary, error);
    throw;
  }
}

}  // namespace store
