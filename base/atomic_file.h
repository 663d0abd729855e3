// A file that appears whole or not at all.
#pragma once

#include <memory>

#include "base/file_system.h"

namespace base {

// Written under a temporary name in its final folder; commit() makes it durable and gives it its
// name. Destroyed without commit, it is removed; after a crash what may be left is a name that
// is_temporary() knows.
class AtomicFile {
 public:
  AtomicFile(FileSystem& files, const Path& folder);
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;
  ~AtomicFile();

  // After a failed write or sync the file is unusable: every later call fails.
  void write(ByteView bytes);

  // Syncs the file, renames it to `name` in its folder, syncs the folder. With kFail, false if the
  // name exists: then the existing file is untouched and this one discarded.
  bool commit(const std::string& name, OnExisting on_existing);

  std::uint64_t size() const { return size_; }

  // Whether `name` is one that an interrupted AtomicFile leaves behind.
  static bool is_temporary(std::string_view name);

 private:
  FileSystem& files_;
  Path folder_;
  Path temporary_;
  std::unique_ptr<File> file_;
  std::uint64_t size_ = 0;
};

// AtomicFile for bytes at hand.
bool write_file(FileSystem& files, const Path& path, ByteView bytes, OnExisting on_existing);

}  // namespace base
