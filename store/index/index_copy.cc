#include "store/index/index_copy.h"

#include <algorithm>
#include <array>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include <fmt/core.h>
#include <unistd.h>

#include "base/atomic_file.h"
#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/stop_request.h"
#include "store/format/index_manifest.h"
#include "store/format/layout.h"
#include "store/format/owner_record.h"
#include "store/index/commit_log.h"
#include "store/index/store_database.h"
#include "store/storage/storage.h"

namespace store {

namespace {

using base::ErrorCode;
using base::fail;

// As for a backup: what is saved of the transfer must not cost more time than that.
constexpr int kCopyLevel = 2;

constexpr std::array<const char*, 3> kSideFiles{"-wal", "-shm", "-journal"};

void remove_side_files(const base::Path& database) {
  for (const char* suffix : kSideFiles) std::filesystem::remove(database.string() + suffix);
}

// A database beside the index that is removed with this object. It is in plain text, so it is not
// in the directory of packs on their way, which are encrypted. A crash leaves a file, which the
// next one of these objects removes a day later.
class TemporaryDatabase {
 public:
  explicit TemporaryDatabase(const base::Path& directory) {
    for (const std::string& name : files_.list(directory)) {
      if (!base::AtomicFile::is_leftover(name)) continue;
      const auto written = files_.modified(directory / name);
      const bool is_old = written && base::system_clock().now() - *written > std::chrono::days(1);
      if (is_old) files_.remove(directory / name);
    }
    std::array<std::byte, 8> random{};
    fill_random(random);
    path_ = directory / fmt::format(".mailstow-{}-{}.tmp", ::getpid(), base::to_hex(random));
  }
  TemporaryDatabase(const TemporaryDatabase&) = delete;
  TemporaryDatabase& operator=(const TemporaryDatabase&) = delete;
  ~TemporaryDatabase() {
    std::error_code error;
    std::filesystem::remove(path_, error);
    for (const char* suffix : kSideFiles) {
      std::filesystem::remove(path_.string() + suffix, error);
    }
  }

  const base::Path& path() const { return path_; }
  std::unique_ptr<base::File> create() { return files_.create(path_); }
  std::unique_ptr<base::File> open() { return files_.open(path_); }

  // Gives it its name. Returns false if another process was faster.
  bool rename_to(const base::Path& database) {
    if (!files_.rename(path_, database, base::OnExisting::kFail)) return false;
    files_.sync_directory(database.parent_path());
    return true;
  }

 private:
  // SQLite opens its files by their paths: the seam to the file system does not reach them.
  base::FileSystem& files_ = base::real_file_system();
  base::Path path_;
};

IndexManifest read_manifest(Storage& storage, const BlockContext& context, const BlobName& name) {
  const std::string shown = storage.display_name(name);
  const std::optional<base::Bytes> bytes = storage.get(name, kMaxIndexManifest);
  if (!bytes) fail(ErrorCode::kDamaged, "read {}: it is missing", shown);
  return IndexManifest::open(context, name, *bytes, shown);
}

// Those that a listing shows, the newest first.
std::vector<BlobName> manifests_in(const std::vector<std::string>& keys) {
  std::vector<BlobName> manifests;
  for (const std::string& key : keys) {
    if (is_index_manifest(key)) manifests.emplace_back(kIndexArea, key);
  }
  std::ranges::sort(manifests, std::greater<>());
  return manifests;
}

class CopyWriting {
 public:
  CopyWriting(const Location& location, base::FileSystem& files, const BlockContext& context,
              Index& index)
      : location_(location), files_(files), context_(context), index_(index) {}

  std::optional<std::uint64_t> run(std::chrono::sys_seconds now) {
    const std::vector<Index::CommitRow> newest = index_.newest_commits();
    if (newest.empty()) return std::nullopt;
    IndexManifest manifest{.number = newest.back().number,
                           .first = newest.front().number,
                           .commit = newest.back().id,
                           .time = now,
                           .databases = {}};
    const std::vector<std::string> listed = storage_.list(kIndexArea);
    if (!is_due(listed, manifest)) return std::nullopt;
    name_ = new_index_manifest_name(manifest.number);
    for (const base::Path& file : {index_file(location_), search_index_file(location_)}) {
      if (std::filesystem::exists(file)) manifest.databases.push_back(put_database(file));
    }
    storage_.put(name_, manifest.seal(context_, name_));
    base::log_info("put a copy of the index as of commit {} into {}", manifest.number,
                   storage_.display_name());
    remove_older(listed, manifest.number);
    return manifest.number;
  }

 private:
  bool is_due(const std::vector<std::string>& listed, const IndexManifest& next) {
    for (const BlobName& name : manifests_in(listed)) {
      // One with a higher number is of a commit that the store no longer has.
      if (number_in_key(name.key()).value_or(0) > next.number) continue;
      std::optional<IndexManifest> last;
      const std::string why =
          base::why_unreadable([&] { last = read_manifest(storage_, context_, name); });
      if (last) return is_outdated(*last, next);
      base::log_warning("{}: a new copy of the index is made", why);
      return true;
    }
    return true;
  }

  bool is_outdated(const IndexManifest& last, const IndexManifest& next) {
    if (last.number == next.number) return last.commit != next.commit;
    const std::chrono::seconds age = next.time - last.time;
    if (age >= kCopyLasts || age < -base::kClockSlack) return true;
    if (index_.commit_id(last.number) != last.commit) return age >= kCopyLastsAfterCheckpoint;
    const Index::PackCount packs = index_.packs_named_after(last.number);
    return packs.named >= kMinPacksPerCopy && packs.named * kSharePerCopy > packs.all;
  }

  CopiedDatabase put_database(const base::Path& file) {
    require_room_for(file);
    TemporaryDatabase temporary(location_.index);
    CopiedDatabase copied{.name = file.filename().string(),
                          .version = copy_database(file, temporary.path()),
                          .size = 0,
                          .digest = {},
                          .parts = {}};
    const std::unique_ptr<base::File> database = temporary.open();
    if (!database) fail(ErrorCode::kIo, "copy index {}: its copy is missing", file.string());
    Sha256Hash hash;
    base::Bytes piece(kIndexPartSize);
    while (const std::size_t length = database->read_at(copied.size, piece)) {
      base::stop_if_requested("copy the index", "the next backup copies it");
      const base::ByteView plain = base::ByteView(piece).first(length);
      hash.update(plain);
      copied.parts.push_back(put_part(plain));
      copied.size += length;
    }
    copied.digest = hash.finish();
    return copied;
  }

  IndexPart put_part(base::ByteView plain) {
    const BlobName name = index_part_name(name_, ++parts_);
    const base::Bytes sealed = seal_index_part(context_, name, plain, compressor_);
    storage_.put(name, sealed);
    return {.plain_length = static_cast<std::uint32_t>(plain.size()),
            .sealed_length = static_cast<std::uint32_t>(sealed.size()),
            .digest = sha256(sealed)};
  }

  void require_room_for(const base::Path& file) {
    std::uint64_t needed = location_.keep_free;
    for (const std::string& path : {file.string(), file.string() + "-wal"}) {
      std::error_code error;
      const auto size = std::filesystem::file_size(path, error);
      if (!error) needed += size;
    }
    const std::uint64_t free = files_.free_space(location_.index);
    if (free >= needed) return;
    fail(ErrorCode::kNoSpace,
         "copy index {}: {} MB are free there, and {} MB are needed: make room for a second "
         "index",
         file.string(), free / 1'000'000, needed / 1'000'000);
  }

  // Also the parts of copies that were never finished.
  void remove_older(const std::vector<std::string>& listed, std::uint64_t number) {
    std::vector<BlobName> older;
    for (const std::string& key : listed) {
      const std::optional<std::string> copy = index_copy_of(key);
      if (copy && number_in_key(*copy).value_or(0) <= number) older.emplace_back(kIndexArea, key);
    }
    if (older.empty()) return;
    try {
      for (const NotRemoved& left : storage_.remove(older)) base::log_debug("{}", left.why);
    } catch (const StorageError& error) {
      base::log_debug("{}", error.what());  // the next copy removes them
    }
  }

  const Location& location_;
  base::FileSystem& files_;
  const BlockContext& context_;
  Index& index_;
  Storage& storage_ = *location_.storage;
  Compressor compressor_{kCopyLevel};
  BlobName name_{kIndexArea, "0"};
  std::size_t parts_ = 0;
};

class CopyFetching {
 public:
  CopyFetching(const Location& location, const BlockContext& context, IndexUse use,
               const IndexFiles& into)
      : location_(location), context_(context), use_(use), into_(into) {}

  std::optional<std::uint64_t> run() {
    for (const BlobName& name : manifests_in(storage_.list(kIndexArea))) {
      try {
        return fetch(name);
      } catch (const base::Error& error) {
        const bool is_unusable =
            error.code() == ErrorCode::kDamaged || error.code() == ErrorCode::kConfig;
        if (!is_unusable) throw;
        base::log_warning("copy of the index {}: it is not used: {}", storage_.display_name(name),
                          error.what());
      }
    }
    return std::nullopt;
  }

 private:
  std::optional<std::uint64_t> fetch(const BlobName& name) {
    const IndexManifest manifest = read_manifest(storage_, context_, name);
    require_commit(manifest);
    require_version(manifest);
    make_index_directory(into_.index);
    // The index is the last one: without it, all of this is done again.
    if (use_ == IndexUse::kWriters) {
      install(name, manifest, search_index_file(location_), into_.search);
    }
    if (!install(name, manifest, index_file(location_), into_.index)) return std::nullopt;
    base::log_info("took the index as of commit {} from {}", manifest.number,
                   storage_.display_name(name));
    return manifest.number;
  }

  // The chain of commits proves the store's history, and the copy is no part of it.
  void require_commit(const IndexManifest& manifest) {
    const std::vector<CommitRecord> records = CommitLog(storage_, context_).of(manifest.first);
    if (records.empty()) {
      fail(ErrorCode::kDamaged, "there is no record of its commit {}", manifest.number);
    }
    for (const CommitRecord& record : records) {
      if (record.last == manifest.number && record.commit == manifest.commit) continue;
      fail(ErrorCode::kDamaged, "its commit {} is not the one that the store has", manifest.number);
    }
    // Without this pack, the store may be in an older state than the copy, so that all packs are
    // read in any case.
    if (storage_.size(blob_of(records.front().pack))) return;
    fail(ErrorCode::kDamaged, "a prune has deleted the pack of its commit {}", manifest.number);
  }

  void require_version(const IndexManifest& manifest) {
    const CopiedDatabase* const index = find(manifest, index_file(location_)).first;
    if (index == nullptr) fail(ErrorCode::kDamaged, "it lacks the index");
    if (index->version < 1 || index->version > kIndexVersion) {
      fail(ErrorCode::kConfig, "another version of mailstow made it");
    }
  }

  // And the number of the part before its first one. `original`: the file that was copied.
  static std::pair<const CopiedDatabase*, std::size_t> find(const IndexManifest& manifest,
                                                            const base::Path& original) {
    std::size_t parts = 0;
    for (const CopiedDatabase& database : manifest.databases) {
      if (database.name == original.filename()) return {&database, parts};
      parts += database.parts.size();
    }
    return {nullptr, 0};
  }

  // Returns whether this was done: not if the database exists, or the copy lacks it.
  bool install(const BlobName& name, const IndexManifest& manifest, const base::Path& original,
               const base::Path& file) {
    const auto [database, parts_before] = find(manifest, original);
    if (database == nullptr || std::filesystem::exists(file)) return false;
    TemporaryDatabase temporary(file.parent_path());
    download(name, *database, parts_before, temporary);
    if (use_ == IndexUse::kReaders) mark_for_readers(temporary.path());
    // SQLite takes a log that it finds beside a database for the latest changes.
    if (use_ == IndexUse::kWriters) remove_side_files(file);
    return temporary.rename_to(file);
  }

  void download(const BlobName& name, const CopiedDatabase& database, std::size_t parts_before,
                TemporaryDatabase& temporary) {
    const std::unique_ptr<base::File> file = temporary.create();
    Sha256Hash hash;
    for (std::size_t i = 0; i < database.parts.size(); ++i) {
      const base::Bytes plain =
          read_part(index_part_name(name, parts_before + i + 1), database.parts[i]);
      hash.update(plain);
      file->write(plain);
    }
    if (hash.finish() != database.digest) {
      fail(ErrorCode::kDamaged, "{} is not what was copied", database.name);
    }
    file->sync();
  }

  base::Bytes read_part(const BlobName& name, const IndexPart& part) {
    const std::string shown = storage_.display_name(name);
    const std::optional<base::Bytes> bytes = storage_.get(name, part.sealed_length);
    if (!bytes) fail(ErrorCode::kDamaged, "read {}: it is missing", shown);
    return open_index_part(context_, name, part, *bytes, decompressor_, shown);
  }

  const Location& location_;
  const BlockContext& context_;
  IndexUse use_;
  const IndexFiles& into_;
  Storage& storage_ = *location_.storage;
  Decompressor decompressor_;
};

}  // namespace

std::optional<std::uint64_t> copy_index_if_due(const Location& location, base::FileSystem& files,
                                               const BlockContext& context, Index& index,
                                               std::chrono::sys_seconds now) {
  if (location.is_directory()) return std::nullopt;
  return CopyWriting(location, files, context, index).run(now);
}

std::optional<std::uint64_t> fetch_index_copy(const Location& location, const BlockContext& context,
                                              IndexUse use, const IndexFiles& into) {
  if (location.is_directory() || std::filesystem::exists(into.index)) return std::nullopt;
  // Another reader may have just created the index.
  if (use == IndexUse::kReaders && std::filesystem::exists(into.index.string() + "-wal")) {
    return std::nullopt;
  }
  return CopyFetching(location, context, use, into).run();
}

std::optional<std::uint64_t> fetch_index_copy(const Location& location, const BlockContext& context,
                                              IndexUse use) {
  return fetch_index_copy(location, context, use, index_files(location));
}

}  // namespace store
