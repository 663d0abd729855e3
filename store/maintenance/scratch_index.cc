#include "store/maintenance/scratch_index.h"

#include <cstdint>
#include <exception>
#include <filesystem>
#include <optional>
#include <string>
#include <system_error>

#include "base/atomic_file.h"
#include "base/error.h"
#include "base/log.h"
#include "store/format/layout.h"
#include "store/index/catch_up.h"

namespace store {

namespace {

constexpr std::uint64_t kMaxMarkBytes = 256;

}  // namespace

ScratchIndex::ScratchIndex(const Location& location, base::FileSystem& files, const char* name)
    : location_(location), files_(files) {
  location_.index = location.index / name;
  location_.local = local_directory(location);  // the same locks
  location_.cache_bytes = 0;                    // a repair reads what the store has
  clear();
  files_.make_directory(location_.index);
  copy_mark(highest_commit_file(location), highest_commit_file(location_));
  // A writer makes another identity, and proves the fence again.
  for (const auto file : {host_identity_file, fence_file}) {
    const std::string why =
        base::why_unreadable([&] { copy_mark(file(location), file(location_)); });
    if (!why.empty()) base::log_debug("{}", why);
  }
}

ScratchIndex::~ScratchIndex() {
  try {
    clear();
  } catch (const std::exception& error) {
    base::log_debug("{}", error.what());
  }
}

void ScratchIndex::copy_mark(const base::Path& from, const base::Path& to) {
  const std::optional<base::Bytes> mark = base::read_file(files_, from, kMaxMarkBytes);
  if (mark) base::write_file(files_, to, *mark, base::OnExisting::kReplace);
}

void ScratchIndex::clear() {
  files_.remove(highest_commit_file(location_));
  files_.remove(host_identity_file(location_));
  files_.remove(fence_file(location_));
  std::error_code error;
  std::filesystem::remove_all(location_.index, error);
}

Index caught_up_copy(const Location& location, base::FileSystem& files, const BlockContext& context,
                     const ScratchIndex& scratch) {
  const base::Path copy = index_file(scratch.location());
  Index::open_read_only(index_file(location), context.store).copy_to(copy);
  Index index = Index::open(copy, context.store);
  catch_up(scratch.location(), files, context, index);
  return index;
}

}  // namespace store
