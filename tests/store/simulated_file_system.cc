#include "tests/store/simulated_file_system.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <fmt/core.h>

#include "base/error.h"

namespace tests {

namespace {

bool is_below(const base::Path& path, const base::Path& directory) {
  return path.string().starts_with(directory.string() + "/");
}

}  // namespace

class SimulatedFile : public base::File {
 public:
  SimulatedFile(SimulatedFileSystem& files, std::shared_ptr<SimulatedFileSystem::Inode> inode,
                base::Path path)
      : files_(files), inode_(std::move(inode)), path_(std::move(path)) {}

  void write(base::ByteView bytes) override {
    std::optional<Fault> fault;
    if (files_.begin(fault)) {
      if (*fault == Fault::kNoSpace) append(bytes.first(bytes.size() / 2));
      if (*fault == Fault::kDoneAndFail) append(bytes);
      base::fail_with_errno(*fault == Fault::kNoSpace ? ENOSPC : EIO, "write " + path_.string());
    }
    if (files_.is_limited_ && bytes.size() > files_.free_space(path_)) {
      append(bytes.first(files_.free_space(path_)));
      base::fail_with_errno(ENOSPC, "write " + path_.string());
    }
    append(bytes);
  }

  std::size_t read_at(std::uint64_t offset, std::span<std::byte> out) override {
    if (offset >= inode_->bytes.size()) return 0;
    const base::ByteView rest = base::ByteView(inode_->bytes).subspan(offset);
    const std::size_t size = std::min(rest.size(), out.size());
    std::copy_n(rest.begin(), size, out.begin());
    return size;
  }

  std::uint64_t size() override { return inode_->bytes.size(); }

  void sync() override {
    std::optional<Fault> fault;
    if (files_.begin(fault)) {
      inode_->sync_failed = true;
      base::fail_with_errno(*fault == Fault::kNoSpace ? ENOSPC : EIO, "sync " + path_.string());
    }
    if (!inode_->sync_failed) inode_->durable = inode_->bytes;
  }

 private:
  void append(base::ByteView bytes) {
    inode_->bytes.insert(inode_->bytes.end(), bytes.begin(), bytes.end());
    files_.room_ -= static_cast<std::int64_t>(bytes.size());
  }

  SimulatedFileSystem& files_;
  std::shared_ptr<SimulatedFileSystem::Inode> inode_;
  base::Path path_;
};

class SimulatedLock : public base::FileLock {
 public:
  SimulatedLock(SimulatedFileSystem& files, base::Path path)
      : files_(files), path_(std::move(path)) {}
  SimulatedLock(const SimulatedLock&) = delete;
  SimulatedLock& operator=(const SimulatedLock&) = delete;
  ~SimulatedLock() override {
    int& holders = files_.locks_[path_];
    holders = holders < 0 ? 0 : holders - 1;
  }

 private:
  SimulatedFileSystem& files_;
  base::Path path_;
};

SimulatedFileSystem::SimulatedFileSystem() = default;

std::unique_ptr<SimulatedFileSystem> SimulatedFileSystem::copy() const {
  auto other = std::make_unique<SimulatedFileSystem>();
  std::map<const Inode*, std::shared_ptr<Inode>> inodes;
  const auto cloned = [&](const std::shared_ptr<Inode>& inode) {
    if (!inode) return inode;
    std::shared_ptr<Inode>& clone = inodes[inode.get()];
    if (!clone) clone = std::make_shared<Inode>(*inode);
    return clone;
  };
  for (const auto& [path, inode] : names_) other->names_[path] = cloned(inode);
  for (const auto& [path, inode] : durable_names_) other->durable_names_[path] = cloned(inode);
  other->unsynced_ = unsynced_;
  for (NameChange& pending : other->unsynced_) {
    for (auto& [path, inode] : pending.set) inode = cloned(inode);
  }
  other->directories_ = directories_;
  return other;
}

std::unique_ptr<SimulatedFileSystem> SimulatedFileSystem::after_crash(Survival survival,
                                                                      std::mt19937& random) const {
  const auto keeps = [&] {
    return survival == Survival::kEverything ||
           (survival == Survival::kAnything && random() % 2 == 0);
  };
  auto after = std::make_unique<SimulatedFileSystem>();
  after->directories_ = directories_;
  Names names = durable_names_;
  for (const NameChange& pending : unsynced_) {
    if (!keeps()) continue;
    for (const auto& [path, inode] : pending.set) {
      if (inode) {
        names[path] = inode;
      } else {
        names.erase(path);
      }
    }
  }
  for (const auto& [path, inode] : names) {
    auto left = std::make_shared<Inode>();
    left->bytes = inode->durable;
    if (inode->bytes.size() > inode->durable.size() && keeps() && !inode->sync_failed) {
      const std::size_t unsynced = inode->bytes.size() - inode->durable.size();
      const std::size_t kept =
          survival == Survival::kEverything ? unsynced : random() % (unsynced + 1);
      left->bytes = inode->bytes;
      left->bytes.resize(inode->durable.size() + kept);
      // Blocks that were never written read as zeros.
      if (survival == Survival::kAnything && random() % 2 == 0)
        left->bytes.resize(inode->bytes.size());
    }
    left->durable = left->bytes;
    after->names_[path] = left;
    after->durable_names_[path] = left;
  }
  return after;
}

void SimulatedFileSystem::fail_for_good_from(std::uint64_t operation, Fault fault) {
  first_failing_ = operation;
  last_failing_ = UINT64_MAX;
  fault_ = fault;
}

void SimulatedFileSystem::fail_once_at(std::uint64_t operation, Fault fault) {
  first_failing_ = operation;
  last_failing_ = operation;
  fault_ = fault;
}

void SimulatedFileSystem::stop_failing() {
  first_failing_ = UINT64_MAX;
}

std::map<base::Path, base::Bytes> SimulatedFileSystem::files_below(
    const base::Path& directory) const {
  std::map<base::Path, base::Bytes> files;
  for (const auto& [path, inode] : names_) {
    if (is_below(path, directory)) files[path] = inode->bytes;
  }
  return files;
}

void SimulatedFileSystem::overwrite(const base::Path& path, base::Bytes bytes) {
  names_.at(path)->bytes = bytes;
  names_.at(path)->durable = std::move(bytes);
}

void SimulatedFileSystem::lose(const base::Path& path) {
  names_.erase(path);
  durable_names_.erase(path);
}

void SimulatedFileSystem::leave_room_for(std::uint64_t bytes) {
  is_limited_ = true;
  room_ = static_cast<std::int64_t>(bytes);
}

std::uint64_t SimulatedFileSystem::free_space(const base::Path&) {
  if (!is_limited_) return free_space_;
  return static_cast<std::uint64_t>(std::max<std::int64_t>(room_, 0));
}

bool SimulatedFileSystem::begin(std::optional<Fault>& fault) {
  const std::uint64_t operation = ++operations_;
  if (operation < first_failing_ || operation > last_failing_) return false;
  fault = fault_;
  return true;
}

void SimulatedFileSystem::run(const std::function<void()>& work, const base::Path& path) {
  std::optional<Fault> fault;
  if (begin(fault)) {
    if (*fault == Fault::kDoneAndFail) work();
    base::fail_with_errno(*fault == Fault::kNoSpace ? ENOSPC : EIO, "change " + path.string());
  }
  work();
}

void SimulatedFileSystem::change(const base::Path& directory,
                                 std::map<base::Path, std::shared_ptr<Inode>> set) {
  for (const auto& [path, inode] : set) {
    const auto old = names_.find(path);
    const bool is_freed = old != names_.end() && std::ranges::none_of(set, [&](const auto& entry) {
                            return entry.second == old->second;
                          });
    if (is_freed) room_ += static_cast<std::int64_t>(old->second->bytes.size());
    if (inode) {
      names_[path] = inode;
    } else {
      names_.erase(path);
    }
  }
  unsynced_.push_back({.directory = directory, .set = std::move(set)});
}

std::unique_ptr<base::File> SimulatedFileSystem::create(const base::Path& path) {
  if (names_.contains(path)) base::fail_with_errno(EEXIST, "create " + path.string());
  auto inode = std::make_shared<Inode>();
  run([&] { change(path.parent_path(), {{path, inode}}); }, path);
  return std::make_unique<SimulatedFile>(*this, inode, path);
}

std::unique_ptr<base::File> SimulatedFileSystem::open(const base::Path& path) {
  const auto found = names_.find(path);
  if (found == names_.end()) return nullptr;
  return std::make_unique<SimulatedFile>(*this, found->second, path);
}

bool SimulatedFileSystem::rename(const base::Path& from, const base::Path& to,
                                 base::OnExisting on_existing) {
  const auto found = names_.find(from);
  if (found == names_.end()) base::fail_with_errno(ENOENT, "rename " + from.string());
  if (on_existing == base::OnExisting::kFail && names_.contains(to)) return false;
  run([&] { change(to.parent_path(), {{from, nullptr}, {to, found->second}}); }, to);
  return true;
}

bool SimulatedFileSystem::remove(const base::Path& path) {
  if (!names_.contains(path)) return false;
  run([&] { change(path.parent_path(), {{path, nullptr}}); }, path);
  return true;
}

void SimulatedFileSystem::sync_directory(const base::Path& path) {
  const auto sync = [&] {
    std::vector<NameChange> left;
    for (NameChange& pending : unsynced_) {
      if (pending.directory != path) {
        left.push_back(std::move(pending));
        continue;
      }
      for (const auto& [name, inode] : pending.set) {
        if (inode) {
          durable_names_[name] = inode;
        } else {
          durable_names_.erase(name);
        }
      }
    }
    unsynced_ = std::move(left);
  };
  run(sync, path);
}

// Directories survive every crash: the store creates them once, in init.
bool SimulatedFileSystem::make_directory(const base::Path& path) {
  if (directories_.contains(path)) return false;
  run([&] { directories_.insert(path); }, path);
  return true;
}

std::vector<std::string> SimulatedFileSystem::list(const base::Path& path) {
  std::set<std::string> names;
  for (const auto& [file, inode] : names_) {
    if (file.parent_path() == path) names.insert(file.filename().string());
  }
  for (const base::Path& directory : directories_) {
    if (directory.parent_path() == path) names.insert(directory.filename().string());
  }
  return {names.begin(), names.end()};
}

std::optional<std::chrono::system_clock::time_point> SimulatedFileSystem::modified(
    const base::Path& path) {
  const base::Path of = path.filename() == "." ? path.parent_path() : path;
  if (!names_.contains(of) && !directories_.contains(of)) return std::nullopt;
  return modified_;
}

std::unique_ptr<base::FileLock> SimulatedFileSystem::try_lock(const base::Path& path,
                                                              base::LockMode mode) {
  int& holders = locks_[path];
  if (holders < 0 || (holders > 0 && mode == base::LockMode::kExclusive)) return nullptr;
  holders = mode == base::LockMode::kExclusive ? -1 : holders + 1;
  if (!names_.contains(path)) {
    auto inode = std::make_shared<Inode>();
    names_[path] = inode;
    durable_names_[path] = inode;
  }
  return std::make_unique<SimulatedLock>(*this, path);
}

void FailedOperation::arrange(SimulatedFileSystem& files) const {
  if (is_for_good) {
    files.fail_for_good_from(number, fault);
  } else {
    files.fail_once_at(number, fault);
  }
}

std::string FailedOperation::text() const {
  return fmt::format("operation {}, fault {}, for good: {}", number, static_cast<int>(fault),
                     is_for_good);
}

std::vector<FailedOperation> failures_up_to(std::uint64_t last) {
  std::vector<FailedOperation> failures;
  for (std::uint64_t number = 1; number <= last; ++number) {
    for (const Fault fault : {Fault::kIo, Fault::kNoSpace, Fault::kDoneAndFail}) {
      for (const bool is_for_good : {false, true}) failures.push_back({number, fault, is_for_good});
    }
  }
  return failures;
}

}  // namespace tests
