// A file system that records all that is read from the files below one directory.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <span>
#include <utility>
#include <vector>

#include "base/file_system.h"
#include "tests/forwarding_file_system.h"

namespace tests {

struct FileRead {
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
};

// Thread-safe, as far as `real` is.
class CountingFileSystem : public ForwardingFileSystem {
 public:
  using ForwardingFileSystem::ForwardingFileSystem;

  // By file, in the order in which they were made.
  std::map<base::Path, std::vector<FileRead>> reads() const {
    const std::lock_guard lock(mutex_);
    return reads_;
  }

  std::uint64_t bytes_read_below(const base::Path& directory) const {
    std::uint64_t bytes = 0;
    for (const auto& [path, all] : reads()) {
      if (path.parent_path() != directory) continue;
      for (const FileRead& each : all) bytes += each.length;
    }
    return bytes;
  }

  void forget() {
    const std::lock_guard lock(mutex_);
    reads_.clear();
  }

  std::unique_ptr<base::File> open(const base::Path& path) override {
    auto file = ForwardingFileSystem::open(path);
    if (file == nullptr) return nullptr;
    return std::make_unique<CountedFile>(std::move(file), path, *this);
  }

 private:
  class CountedFile : public ForwardingFile {
   public:
    CountedFile(std::unique_ptr<base::File> file, base::Path path, CountingFileSystem& system)
        : ForwardingFile(std::move(file)), path_(std::move(path)), system_(system) {}

    std::size_t read_at(std::uint64_t offset, std::span<std::byte> out) override {
      const std::size_t length = ForwardingFile::read_at(offset, out);
      const std::lock_guard lock(system_.mutex_);
      system_.reads_[path_].push_back({.offset = offset, .length = length});
      return length;
    }

   private:
    base::Path path_;
    CountingFileSystem& system_;
  };

  mutable std::mutex mutex_;
  std::map<base::Path, std::vector<FileRead>> reads_;
};

}  // namespace tests
