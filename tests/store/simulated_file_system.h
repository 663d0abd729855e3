// A file system in memory that fails and crashes on demand. It separates durable state from what
// only the running system sees, so that a crash can lose everything that a real one may lose.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "base/file_system.h"

namespace tests {

enum class Fault {
  kIo,          // the operation fails, nothing is done
  kNoSpace,     // a write is done in part; other operations fail as with kIo
  kDoneAndFail  // the operation is done but reports failure
};

// The unsynced changes that survive a crash.
enum class Survival {
  kNothing,
  kEverything,
  kAnything,  // part of the data, some of the names: torn and reordered
};

class SimulatedFileSystem : public base::FileSystem {
 public:
  SimulatedFileSystem();

  // A copy with the same content. Nothing may be open or locked.
  std::unique_ptr<SimulatedFileSystem> copy() const;

  // The content after a power failure.
  std::unique_ptr<SimulatedFileSystem> after_crash(Survival survival, std::mt19937& random) const;

  // The number of operations that change something: create, write, sync, rename, ...
  std::uint64_t operations() const { return operations_; }

  // From operation number `operation` (counted from 1) on, every operation fails; or only that one.
  void fail_for_good_from(std::uint64_t operation, Fault fault);
  void fail_once_at(std::uint64_t operation, Fault fault);
  void stop_failing();

  // All files below a directory, by name, with their content.
  std::map<base::Path, base::Bytes> files_below(const base::Path& directory) const;

  // The result of modified() for every file.
  void set_modified(std::chrono::system_clock::time_point moment) { modified_ = moment; }

  void set_free_space(std::uint64_t bytes) { free_space_ = bytes; }

  // From now on all files together hold no more than what they hold now and `bytes` more.
  void leave_room_for(std::uint64_t bytes);

  // Changes a file from outside: durable, not counted, never fails.
  void overwrite(const base::Path& path, base::Bytes bytes);
  void lose(const base::Path& path);

  std::unique_ptr<base::File> create(const base::Path& path) override;
  std::unique_ptr<base::File> open(const base::Path& path) override;
  bool rename(const base::Path& from, const base::Path& to, base::OnExisting on_existing) override;
  bool remove(const base::Path& path) override;
  void sync_directory(const base::Path& path) override;
  bool make_directory(const base::Path& path) override;
  std::vector<std::string> list(const base::Path& path) override;
  std::optional<std::chrono::system_clock::time_point> modified(const base::Path& path) override;
  std::uint64_t free_space(const base::Path&) override;
  std::unique_ptr<base::FileLock> try_lock(const base::Path& path, base::LockMode mode) override;

 private:
  friend class SimulatedFile;
  friend class SimulatedLock;

  struct Inode {
    base::Bytes bytes;
    base::Bytes durable;
    // The system has dropped the unsynced pages: further syncs have no effect.
    bool sync_failed = false;
  };
  using Names = std::map<base::Path, std::shared_ptr<Inode>>;

  // A change of names that waits for its directory to be synced. A rename is one change.
  struct NameChange {
    base::Path directory;
    std::map<base::Path, std::shared_ptr<Inode>> set;  // null: removed
  };

  // Counts the operation. Returns true if it fails; depending on the fault, `work` is done or not.
  bool begin(std::optional<Fault>& fault);
  void run(const std::function<void()>& work, const base::Path& path);
  void change(const base::Path& directory, std::map<base::Path, std::shared_ptr<Inode>> set);

  Names names_;
  Names durable_names_;
  std::vector<NameChange> unsynced_;
  std::set<base::Path> directories_;
  std::map<base::Path, int> locks_;  // -1: exclusive, otherwise the number of shared locks

  std::chrono::system_clock::time_point modified_{};
  std::uint64_t free_space_ = UINT64_MAX;
  bool is_limited_ = false;
  std::atomic<std::int64_t> room_ = 0;         // if limited
  std::atomic<std::uint64_t> operations_ = 0;  // a pack is written on a thread of its own
  std::uint64_t first_failing_ = UINT64_MAX;
  std::uint64_t last_failing_ = 0;
  Fault fault_ = Fault::kIo;
};

// One failure of an operation, for tests that try all of them.
struct FailedOperation {
  std::uint64_t number = 0;  // from 1
  Fault fault = Fault::kIo;
  bool is_for_good = false;  // all later operations fail too

  void arrange(SimulatedFileSystem& files) const;
  std::string text() const;  // for the message of a failed assertion
};

// Every failure of the operations 1 to `last`.
std::vector<FailedOperation> failures_up_to(std::uint64_t last);

}  // namespace tests
