// A file that appears whole or not at all.
#pragma once

#include <memory>

#include "base/file_system.h"

namespace base {

// Written under a temporary name in its final directory; commit() makes it durable and gives it its
// name. If destroyed without a commit, it is removed; a crash may leave a file whose name
// is_temporary() recognises.
class AtomicFile {
 public:
  AtomicFile(FileSystem& files, const Path& directory);
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;
  ~AtomicFile();

  // After a failed write or sync the file is unusable: every later call fails.
  void write(ByteView bytes);

  // Syncs the file, renames it to `name` in its directory, syncs the directory. With kFail, returns
  // false if the name exists: the existing file is then untouched and this one discarded.
  bool commit(const std::string& name, OnExisting on_existing);

  std::uint64_t size() const { return size_; }

  // Returns true if `name` is one that an interrupted AtomicFile leaves behind.
  static bool is_temporary(std::string_view name);

  // The same, unless the process that writes it still runs on this machine (or another one has
  // its id): for directories that several programs write to at once, where the age of a file means
  // little, because the clock may jump.
  static bool is_leftover(std::string_view name);

 private:
  FileSystem& files_;
  Path directory_;
  Path temporary_;
  std::unique_ptr<File> file_;
  std::uint64_t size_ = 0;
};

// Writes `bytes` as an AtomicFile and commits it; returns what commit() returns.
bool write_file(FileSystem& files, const Path& path, ByteView bytes, OnExisting on_existing);

}  // namespace base
