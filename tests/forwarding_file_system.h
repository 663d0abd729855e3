// The real file system or another, for tests that change a single operation of it.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "base/file_system.h"

namespace tests {

class ForwardingFile : public base::File {
 public:
  explicit ForwardingFile(std::unique_ptr<base::File> file) : file_(std::move(file)) {}

  void write(base::ByteView bytes) override { file_->write(bytes); }
  std::size_t read_at(std::uint64_t offset, std::span<std::byte> out) override {
    return file_->read_at(offset, out);
  }
  std::uint64_t size() override { return file_->size(); }
  void start_sync() override { file_->start_sync(); }
  void set_modified(std::chrono::sys_seconds time) override { file_->set_modified(time); }
  void sync() override { file_->sync(); }

 private:
  std::unique_ptr<base::File> file_;
};

class ForwardingFileSystem : public base::FileSystem {
 public:
  explicit ForwardingFileSystem(base::FileSystem& real = base::real_file_system()) : real_(real) {}

  std::unique_ptr<base::File> create(const base::Path& path) override { return real_.create(path); }
  std::unique_ptr<base::File> open(const base::Path& path) override { return real_.open(path); }
  bool rename(const base::Path& from, const base::Path& to, base::OnExisting existing) override {
    return real_.rename(from, to, existing);
  }
  bool remove(const base::Path& path) override { return real_.remove(path); }
  void sync_directory(const base::Path& path) override { real_.sync_directory(path); }
  bool make_directory(const base::Path& path) override { return real_.make_directory(path); }
  std::vector<std::string> list(const base::Path& path) override { return real_.list(path); }
  std::optional<std::chrono::system_clock::time_point> modified(const base::Path& path) override {
    return real_.modified(path);
  }
  std::uint64_t free_space(const base::Path& path) override { return real_.free_space(path); }
  std::unique_ptr<base::FileLock> try_lock(const base::Path& path, base::LockMode mode) override {
    return real_.try_lock(path, mode);
  }

 private:
  base::FileSystem& real_;
};

}  // namespace tests
