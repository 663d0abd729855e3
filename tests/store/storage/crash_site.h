// A machine on which a program ends, or an operation fails, at each operation in turn on what holds
// its store: a file system, or the model of object storage with late listings.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <fmt/core.h>

#include "tests/store/simulated_file_system.h"
#include "tests/store/storage/each_storage.h"

namespace tests {

class CrashSite {
 public:
  explicit CrashSite(HeldBy held_by) : storage_(model_of(held_by)) {}

  // Replaced by begin_again() and restart(): nothing of the store may be open then. A store in the
  // model has its key and its marks here.
  SimulatedFileSystem& files() { return *files_; }

  std::shared_ptr<ModelStorage> storage() const { return storage_; }  // null: a directory

  // Saves the state for begin_again(), except for the index.
  void keep() {
    kept_files_ = files_->copy();
    if (storage_) storage_->keep();
    begin_again();
  }

  void begin_again() {
    files_ = kept_files_->copy();
    if (!storage_) return;
    storage_->revert();
    list_late(0);
    counted_before_ = storage_->operations();
  }

  // Since begin_again().
  std::uint64_t operations() const {
    return storage_ ? storage_->operations() - counted_before_ : files_->operations();
  }

  // How the power may fail: which unsynced changes survive. Or whether the last request is done.
  std::size_t ways_to_end() const { return storage_ ? 2 : kSurvivals.size(); }

  void end_at(std::uint64_t operation, std::size_t way) {
    if (storage_) {
      storage_->fail_for_good_from(counted_before_ + operation,
                                   way == 0 ? StorageFault::kNotDone : StorageFault::kDone);
    } else {
      files_->fail_for_good_from(operation, Fault::kIo);
    }
  }

  // The next program sees other listings.
  void restart(std::size_t way) {
    if (storage_) return list_late(++restarts_);
    files_ = files_->after_crash(kSurvivals.at(way), random_);
  }

  // An operation that fails, or with which all later ones begin to fail.
  struct Failure {
    std::uint64_t operation = 0;  // from 1
    std::size_t fault = 0;
    bool is_for_good = false;

    std::string text() const {
      return fmt::format("operation {}, fault {}, for good: {}", operation, fault, is_for_good);
    }
  };

  std::vector<Failure> failures_up_to(std::uint64_t last) const {
    const std::size_t faults = storage_ ? kStorageFaults.size() : kFileFaults.size();
    std::vector<Failure> failures;
    for (std::uint64_t operation = 1; operation <= last; ++operation) {
      for (std::size_t fault = 0; fault < faults; ++fault) {
        for (const bool for_good : {false, true}) failures.push_back({operation, fault, for_good});
      }
    }
    return failures;
  }

  void arrange(const Failure& failure) {
    if (storage_) {
      const std::uint64_t operation = counted_before_ + failure.operation;
      const StorageFault fault = kStorageFaults.at(failure.fault);
      return failure.is_for_good ? storage_->fail_for_good_from(operation, fault)
                                 : storage_->fail_once_at(operation, fault);
    }
    const Fault fault = kFileFaults.at(failure.fault);
    return failure.is_for_good ? files_->fail_for_good_from(failure.operation, fault)
                               : files_->fail_once_at(failure.operation, fault);
  }

  void stop_failing() {
    files_->stop_failing();
    if (storage_) list_late(restarts_);
  }

  // After failures: a power failure after which part of what is not synced is there, or other
  // listings.
  void restart_somehow() { restart(ways_to_end() - 1); }

 private:
  static constexpr std::array kSurvivals{Survival::kNothing, Survival::kEverything,
                                         Survival::kAnything};
  static constexpr std::array kFileFaults{Fault::kIo, Fault::kNoSpace, Fault::kDoneAndFail};
  static constexpr std::array kStorageFaults{StorageFault::kNotDone, StorageFault::kDone,
                                             StorageFault::kThrottled, StorageFault::kRefused};

  void list_late(std::uint64_t seed) {
    storage_->stop_failing();
    storage_->set_faults(late_listings(seed));
  }

  std::shared_ptr<ModelStorage> storage_;
  std::uint64_t counted_before_ = 0;  // operations of storage_
  std::uint64_t restarts_ = 0;
  std::unique_ptr<SimulatedFileSystem> files_ = std::make_unique<SimulatedFileSystem>();
  std::unique_ptr<SimulatedFileSystem> kept_files_;
  std::mt19937 random_{20'261'124};
};

}  // namespace tests
