// The seam to the file system: what the store writes through, so that a test can own every failure
// and every crash. Paths are absolute or relative to the working directory, as the system has them.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"

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

  // Fills `out` from `offset` on; returns how many bytes there were (fewer only at the end).
  virtual std::size_t read_at(std::uint64_t offset, std::span<std::byte> out) = 0;

  virtual std::uint64_t size() = 0;

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

  // A new file, for the owner alone (0600). Fails if the name exists.
  virtual std::unique_ptr<File> create(const Path& path) = 0;

  // An existing file, to read. Nothing if there is none.
  virtual std::unique_ptr<File> open(const Path& path) = 0;

  // Atomic. With kFail, false (and nothing changed) if `to` exists.
  virtual bool rename(const Path& from, const Path& to, OnExisting on_existing) = 0;

  // False if there was none.
  virtual bool remove(const Path& path) = 0;

  // Makes the entries of a folder (creations, renames, removals) durable.
  virtual void sync_directory(const Path& path) = 0;

  // A new folder (0700) below an existing one. False if it exists.
  virtual bool make_directory(const Path& path) = 0;

  // The names in a folder, sorted, without "." and "..". Empty if there is no such folder.
  virtual std::vector<std::string> list(const Path& path) = 0;

  // When the file was last written. Nothing if there is none.
  virtual std::optional<std::chrono::system_clock::time_point> modified(const Path& path) = 0;

  // Bytes that an ordinary user may still write to the disk that `path` is on.
  virtual std::uint64_t free_space(const Path& path) = 0;

  // Locks a file, created if absent. Nothing if another process or another FileLock holds it.
  virtual std::unique_ptr<FileLock> try_lock(const Path& path, LockMode mode) = 0;
};

FileSystem& real_file_system();

// The whole file, or nothing if there is none. Fails with kDamaged above `limit` bytes.
std::optional<Bytes> read_file(FileSystem& files, const Path& path, std::uint64_t limit);

// Creates `path` and the folders above it that are missing, durably.
void make_directories(FileSystem& files, const Path& path);

}  // namespace base
