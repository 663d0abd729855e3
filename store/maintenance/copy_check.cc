#include "store/maintenance/copy_check.h"

#include <filesystem>
#include <system_error>

#include <fmt/core.h>
#include <unistd.h>

#include "base/error.h"
#include "store/format/layout.h"
#include "store/index/catch_up.h"
#include "store/index/index.h"
#include "store/keys/key_slot.h"
#include "store/maintenance/past_index.h"

namespace store {

namespace {

// A directory for an index that is discarded afterwards.
class ScratchDirectory {
 public:
  ScratchDirectory(base::FileSystem& files, const base::Path& parent)
      : path_(parent / fmt::format("copy-check.{}", ::getpid())) {
    base::make_directories(files, path_);
  }
  ScratchDirectory(const ScratchDirectory&) = delete;
  ScratchDirectory& operator=(const ScratchDirectory&) = delete;
  ~ScratchDirectory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  const base::Path& path() const { return path_; }

 private:
  base::Path path_;
};

BlockContext keys_of_copy(base::FileSystem& files, Location copy, const base::Path& key_file) {
  copy.key_file = key_file;
  try {
    return open_keys(copy, files);
  } catch (const base::Error& error) {
    if (error.code() != base::ErrorCode::kNotFound) throw;
    base::fail(base::ErrorCode::kNotFound, "check the copy {}: no store is there: copy it first",
               display_name(copy));
  }
}

CopyReport check_past(const Location& copy, base::FileSystem& files, const CheckOptions& options,
                      const WantedCommit& wanted) {
  const OpenedPast opened = open_past(copy, files, wanted);
  CopyReport report;
  report.check = check(opened.location, files, options);
  report.check.damage.insert(report.check.damage.begin(), opened.damage.begin(),
                             opened.damage.end());
  report.past = opened.commit;
  return report;
}

}  // namespace

CopyReport check_copy(const Location& original, const Location& copy, base::FileSystem& files,
                      const CheckOptions& options, const std::optional<WantedCommit>& wanted) {
  const BlockContext context = keys_of_copy(files, copy, original.key_file);
  const ScratchDirectory scratch(files, original.index);
  // The store's newest commit is noted beside its key. A copy may be older, so it is opened with a
  // key that has no such note beside it.
  const base::Path key = scratch.path() / "key";
  std::filesystem::create_symlink(std::filesystem::absolute(original.key_file), key);
  Location location = copy;
  location.index = scratch.path();
  location.key_file = key;
  if (wanted) return check_past(location, files, options, *wanted);
  Rebuilt rebuilt;
  {
    Index index = Index::open(index_file(location), context.store);
    rebuilt = rebuild_index(location, files, context, index, {});
  }
  CopyReport report;
  report.check = check(location, files, options);
  // The temporary index lacks packs that could not be indexed, so the check does not know of them.
  report.check.damage.insert(report.check.damage.begin(), rebuilt.damage.begin(),
                             rebuilt.damage.end());
  report.newest = load_highest_commit(files, original, context.store);
  for (const auto& [id, commit] : rebuilt.commits) {
    if (commit.number == report.newest.number && id != report.newest.id) report.is_other = true;
  }
  if (report.is_other) {
    report.check.damage.push_back(fmt::format(
        "commit {} differs from the one recorded: this is not a copy of the current store",
        report.newest.number));
  }
  return report;
}

}  // namespace store
