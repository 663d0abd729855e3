// The seam to the file system: the store writes through it, so that a test can inject every failure
// and every crash. Paths are absolute or relative to the working directory, as for system calls.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/regular_file.h"

namespace base {

using Path = std::filesystem::path;

// An open file. Every failure is an Error of kIo or kNoSpace that names the file.
class File {
 public:
  File() = default;
  File(const File&) = delete;
  File& operator=(const File&) = delete;
  virtual ~File() = default;

  // Appends all of `bytes`.
  virtual void write(ByteView bytes) = 0;

  // Fills `out` from `offset` on; returns the number of bytes read (fewer only at the end of the
  // file).
  virtual std::size_t read_at(std::uint64_t offset, std::span<std::byte> out) = 0;

  virtual std::uint64_t size() = 0;

  // Begins to move what was written to the disk and returns, so that sync() waits less: for files
  // of which many are synced later. Makes nothing durable, and reports no failure: sync() does.
  virtual void start_sync() {}

  // Sets the time that FileSystem::modified() returns, where files have one.
  virtual void set_modified(std::chrono::sys_seconds) {}

  // Durable when it returns. After a failure the file's content is unknown for good: a later sync
  // that succeeds proves nothing (the kernel reports a lost write once).
  virtual void sync() = 0;
};

// Held until destroyed, or until the process dies.
class FileLock {
 public:
  FileLock() = default;
  FileLock(const FileLock&) = delete;
  FileLock& operator=(const FileLock&) = delete;
  virtual ~FileLock() = default;
};

enum class OnExisting { kFail, kReplace };
enum class LockMode { kShared, kExclusive };

class FileSystem {
 public:
  FileSystem() = default;
  FileSystem(const FileSystem&) = delete;
  FileSystem& operator=(const FileSystem&) = delete;
  virtual ~FileSystem() = default;

  // Creates a file that only the owner can access (0600). Fails if the name exists.
  virtual std::unique_ptr<File> create(const Path& path) = 0;

  // Opens an existing file for reading. Returns nullptr if it does not exist. Fails with kDamaged
  // at once if `path` is a symbolic link, a FIFO, a device, a directory or a socket.
  virtual std::unique_ptr<File> open(const Path& path) = 0;

  // The same, but follows a symbolic link: for files that the configuration names, such as the key
  // file. Fails with kConfig if it does not lead to a regular file.
  virtual std::unique_ptr<File> open_through_links(const Path& path) { return open(path); }

  // Atomic. With kFail, returns false and changes nothing if `to` exists.
  virtual bool rename(const Path& from, const Path& to, OnExisting on_existing) = 0;

  // Returns false if it did not exist.
  virtual bool remove(const Path& path) = 0;

  // Makes the entries of a directory (creations, renames, removals) durable.
  virtual void sync_directory(const Path& path) = 0;

  // Creates a directory (0700) in an existing one. Returns false if it exists already.
  virtual bool make_directory(const Path& path) = 0;

  // The names in a directory, sorted, without "." and "..". Empty if the directory does not exist.
  virtual std::vector<std::string> list(const Path& path) = 0;

  // The time at which the file, or a link itself, was last written. Returns nullopt if it does not
  // exist.
  virtual std::optional<std::chrono::system_clock::time_point> modified(const Path& path) = 0;

  // The number of bytes that an unprivileged user can still write to the disk that holds `path`.
  virtual std::uint64_t free_space(const Path& path) = 0;

  // Locks a file, creating it if absent. Returns nullptr if another process or another FileLock
  // holds it. Fails as open() does.
  virtual std::unique_ptr<FileLock> try_lock(const Path& path, LockMode mode) = 0;
};

FileSystem& real_file_system();

// The whole file, or nullopt if it does not exist. Fails with kDamaged if it is larger than `limit`
// bytes; if it is not a regular file, as open() and open_through_links() do.
std::optional<Bytes> read_file(FileSystem& files, const Path& path, std::uint64_t limit,
                               Links links = Links::kRefuse);

// Creates `path` and its missing parent directories, durably.
void make_directories(FileSystem& files, const Path& path);

}  // namespace base
