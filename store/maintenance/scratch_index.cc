#include "store/maintenance/scratch_index.h"

#include <cstdint>
#include <exception>
#include <filesystem>
#include <optional>
#include <system_error>

#include "base/atomic_file.h"
#include "base/log.h"
#include "store/format/layout.h"

namespace store {

namespace {

constexpr std::uint64_t kMaxMarkBytes = 256;

}  // namespace

ScratchIndex::ScratchIndex(const Location& location, base::FileSystem& files, const char* name)
    : location_(location), files_(files) {
  location_.index = location.index / name;
  clear();
  files_.make_directory(location_.index);
  const std::optional<base::Bytes> mark =
      base::read_file(files_, highest_commit_file(location), kMaxMarkBytes);
  if (mark) {
    base::write_file(files_, highest_commit_file(location_), *mark, base::OnExisting::kReplace);
  }
}

ScratchIndex::~ScratchIndex() {
  try {
    clear();
  } catch (const std::exception& error) {
    base::log_debug("{}", error.what());
  }
}

void ScratchIndex::clear() {
  files_.remove(highest_commit_file(location_));
  std::error_code error;
  std::filesystem::remove_all(location_.index, error);
}

}  // namespace store
