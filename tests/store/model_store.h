// A store on a file system that fails and crashes, with a plain model of its expected content.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "store/format/object_id.h"
#include "tests/store/simulated_file_system.h"
#include "tests/store/store_fixture.h"
#include "tests/temporary_directory.h"

namespace store {

class ModelStore {
 public:
  // `storage`: as in Location. It does not crash with the file system.
  explicit ModelStore(std::shared_ptr<Storage> storage = nullptr);

  // Each changes the store, then notes the change in the model. If the store fails with kIo,
  // kNoSpace or kStorage, the change may or may not have happened; any other failure fails the
  // test.
  void back_up(const std::string& account, unsigned first, unsigned count);
  void forget(const std::string& account);
  void prune(std::size_t keep_last);
  void reindex();
  void copy_index();  // into the bucket
  void check();

  // Backups and a prune that leave packs to delete, to rewrite and to condemn, and snapshots to
  // drop.
  void leave_work_for_prune();

  void pass(std::chrono::seconds time) { clock_.moment += time; }
  void crash(tests::Survival survival, std::mt19937& random);
  void lose_index() { std::filesystem::remove_all(location_.index); }
  tests::SimulatedFileSystem& files() { return *files_; }

  // Opens the store like the next run: every snapshot that was acknowledged and not dropped is
  // complete, no dropped one exists, and none that never did. Afterwards it is known which
  // uncertain changes happened.
  void verify();

  // Saves the current state for revert(). No object of the store may be open.
  void keep();
  void revert();

 private:
  enum class Standing { kThere, kMaybe, kGone };
  struct Snapshot {
    std::string account;
    std::vector<std::string> messages;
    Standing standing = Standing::kMaybe;
  };
  using Snapshots = std::map<ObjectId, Snapshot>;

  bool attempt(const std::function<void()>& work);
  void drop(const std::set<ObjectId>& ids, Standing standing);
  std::vector<ObjectId> newest_first(const std::string& account);

  tests::TemporaryDirectory directory_;
  Location location_;
  TestClock clock_;
  std::unique_ptr<tests::SimulatedFileSystem> files_;
  Snapshots snapshots_;
  std::int64_t next_time_ = 100;

  std::unique_ptr<tests::SimulatedFileSystem> kept_files_;
  Snapshots kept_snapshots_;
  base::TimePoint kept_moment_;
};

}  // namespace store
