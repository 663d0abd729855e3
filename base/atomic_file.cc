#include "base/atomic_file.h"

#include <atomic>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <exception>

#include <fmt/core.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"

namespace base {

namespace {

constexpr std::string_view kPrefix = ".mailstow-";
constexpr std::string_view kSuffix = ".tmp";

// Unique among the names in use: another process has a different id, and a leftover of a dead
// process with the same id is skipped when the file is created.
std::string next_temporary_name() {
  static std::atomic<unsigned> counter = 0;
  return fmt::format("{}{}-{}{}", kPrefix, ::getpid(), counter++, kSuffix);
}

}  // namespace

AtomicFile::AtomicFile(FileSystem& files, const Path& directory)
    : files_(files), directory_(directory) {
  constexpr int kAttempts = 1000;
  for (int attempt = 0; attempt < kAttempts && !file_; ++attempt) {
    temporary_ = directory_ / next_temporary_name();
    if (!files_.modified(temporary_)) file_ = files_.create(temporary_);
  }
  if (!file_) fail(ErrorCode::kIo, "create a file in {}: no free name", directory_.string());
}

AtomicFile::~AtomicFile() {
  if (temporary_.empty()) return;
  file_.reset();
  try {
    files_.remove(temporary_);
  } catch (const std::exception& error) {
    log_debug("{}", error.what());  // only rubbish; the next clean-up removes it
  }
}

void AtomicFile::write(ByteView bytes) {
  if (!file_) fail(ErrorCode::kIo, "write {}: an earlier write failed", temporary_.string());
  try {
    file_->write(bytes);
    size_ += bytes.size();
  } catch (...) {
    file_.reset();
    throw;
  }
}

bool AtomicFile::commit(const std::string& name, OnExisting on_existing) {
  if (!file_) fail(ErrorCode::kIo, "write {}: an earlier write failed", temporary_.string());
  const std::unique_ptr<File> file = std::move(file_);
  file->sync();
  if (!files_.rename(temporary_, directory_ / name, on_existing)) return false;
  temporary_.clear();
  files_.sync_directory(directory_);
  return true;
}

bool AtomicFile::is_leftover(std::string_view name) {
  if (!is_temporary(name)) return false;
  name.remove_prefix(kPrefix.size());
  pid_t writer = 0;
  const auto read = std::from_chars(name.begin(), name.end(), writer);
  if (read.ec != std::errc() || writer <= 0) return true;
  return ::kill(writer, 0) != 0 && errno == ESRCH;
}

bool AtomicFile::is_temporary(std::string_view name) {
  return name.starts_with(kPrefix) && name.ends_with(kSuffix);
}

bool write_file(FileSystem& files, const Path& path, ByteView bytes, OnExisting on_existing) {
  AtomicFile file(files, path.parent_path());
  file.write(bytes);
  return file.commit(path.filename().string(), on_existing);
}

}  // namespace base
