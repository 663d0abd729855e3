#include "store/copies/copy_directory.h"

#include <algorithm>
#include <array>
#include <string_view>

#include <fmt/core.h>

#include "base/atomic_file.h"
#include "base/error.h"
#include "base/terminal.h"
#include "store/copies/copied_commits.h"
#include "store/format/layout.h"
#include "store/index/reader_lock.h"
#include "store/keys/key_slot.h"
#include "store/storage/directory_storage.h"

namespace store {

namespace {

using base::ErrorCode;
using base::fail;

constexpr std::string_view kReaders = "readers";
constexpr std::string_view kLock = "lock";

// The names in a copy, whether it is a store yet or not, and in the root of a file system.
constexpr std::array<std::string_view, 8> kNamesInCopy{
    kLock, kReaders, kPacksArea, kKeysArea, kTreesArea, kCommitsArea, kOwnerArea, "lost+found"};

bool exists(base::FileSystem& files, const base::Path& directory) {
  return files.modified(directory / ".").has_value();
}

bool is_store(base::FileSystem& files, const base::Path& path) {
  return !files.list(path / kKeysArea).empty();
}

void refuse_other_content(const base::Path& path, base::FileSystem& files) {
  for (const std::string& name : files.list(path)) {
    if (std::ranges::find(kNamesInCopy, name) != kNamesInCopy.end()) continue;
    fail(ErrorCode::kConfig, "copy to {}: it contains something else ({}): name an empty directory",
         path.string(), base::escape_for_terminal(name));
  }
}

void require_existing(const base::Path& path, base::FileSystem& files) {
  // A first copy that was interrupted has only packs.
  const bool is_there =
      exists(files, path) && (is_store(files, path) || !files.list(path / kPacksArea).empty());
  if (is_there) return;
  throw StorageError(
      Trouble::kGone,
      fmt::format(
          "copy to {}: the copy that was there is gone: mount its disk; if it is lost, give "
          "the next one another name in the configuration",
          path.string()));
}

void create(const base::Path& path, base::FileSystem& files) {
  if (!exists(files, path.parent_path())) {
    fail(ErrorCode::kConfig, "copy to {}: {} is missing: create it, or mount its disk",
         path.string(), path.parent_path().string());
  }
  files.make_directory(path);
  files.sync_directory(path.parent_path());
}

// Only the holder of the lock writes there.
void remove_copy_leftovers(const base::Path& path, base::FileSystem& files) {
  for (const std::string_view area : {kPacksArea, kCommitsArea, kOwnerArea, kKeysArea}) {
    for (const std::string& name : files.list(path / area)) {
      if (base::AtomicFile::is_temporary(name)) files.remove(path / area / name);
    }
  }
}

}  // namespace

std::uint64_t oldest_reader_of_copy(const base::Path& path, base::FileSystem& files) {
  return oldest_reader({.store = path, .index = {}, .key_file = {}}, files);
}

base::Path lock_file_of_copy(const base::Path& path) {
  return path / kLock;
}

OpenedCopy open_copy_directory(const base::Path& path, base::FileSystem& files,
                               ExpectedCopy expected) {
  if (expected == ExpectedCopy::kExists) require_existing(path, files);
  if (!exists(files, path)) create(path, files);
  if (!is_store(files, path)) refuse_other_content(path, files);
  OpenedCopy copy{.storage = std::make_shared<DirectoryStorage>(files, path),
                  .lock = files.try_lock(lock_file_of_copy(path), base::LockMode::kExclusive)};
  if (!copy.lock) {
    fail(ErrorCode::kBusy, "copy to {}: another mailstow process is writing there: try again later",
         path.string());
  }
  remove_copy_leftovers(path, files);
  // As init makes them: a store without packs has them too.
  for (const std::string_view name : {kPacksArea, kTreesArea, kKeysArea, kReaders}) {
    files.make_directory(path / name);
  }
  files.sync_directory(path);
  // What is found there counts as sent, but a crash may have come before its name was durable.
  for (const std::string_view area :
       {kPacksArea, kTreesArea, kKeysArea, kCommitsArea, kOwnerArea}) {
    if (exists(files, path / area)) files.sync_directory(path / area);
  }
  return copy;
}

CommitMark newest_commit_of_copy(const Location& location, base::FileSystem& files,
                                 const base::Path& path) {
  const BlockContext context = open_keys(location, files);
  DirectoryStorage copy(files, path);
  return CopiedCommits(copy, context).newest();
}

}  // namespace store
