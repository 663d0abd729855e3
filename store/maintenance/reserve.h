// A small file that keeps room on the store's disk, or on the index's for a store in a bucket: a
// prune that frees space must be able to write its commit although the disk is full.
#pragma once

#include <cstdint>
#include <exception>
#include <optional>
#include <type_traits>
#include <utility>

#include "base/error.h"
#include "base/file_system.h"
#include "store/format/location.h"

namespace store {

constexpr std::uint64_t kReserveBytes = 4'000'000;

// Removes the file if less than twice its size is free on its disk. Returns whether it did.
// Needs the store's lock.
bool release_reserve(const Location& location, base::FileSystem& files);

// Creates the file if it is absent or incomplete, and there is room for it beside
// Location::keep_free, or other programs have taken of that. On a disk that is nearly full, the
// file gets most of what is free: the room of a reserve that was given up must not be filled by
// others before the next prune. Does nothing if that fails: prune can do without it. Needs the
// store's lock.
void restore_reserve(const Location& location, base::FileSystem& files);

// For what a prune copies, in bytes.
struct PruneRoom {
  std::uint64_t beside = 0;  // the reserve and Location::keep_free
  // For what frees more than it needs, if the reserve is not there: it is filled again afterwards.
  std::uint64_t with_reserve = 0;
};

enum class ReserveUse {
  kNotYet,
  kGivenUp,
  kPlanned,  // counts as given up where release_reserve() would do that
};

// Fails with kIo.
PruneRoom room_for_prune(const Location& location, base::FileSystem& files, ReserveUse use);

// Gives up the reserve for work that frees space and that a full disk stops, and makes it again at
// the end of the scope, as far as there is room: it takes the store's lock for that, and does
// nothing if that or anything else fails.
class ReservedRoom {
 public:
  // Both must outlive it.
  ReservedRoom(const Location& location, base::FileSystem& files)
      : location_(location), files_(files) {}
  ReservedRoom(const ReservedRoom&) = delete;
  ReservedRoom& operator=(const ReservedRoom&) = delete;
  ~ReservedRoom();

  // Returns `work()`. If a file or its disk makes that fail, or `lacks_room(result)` holds, and
  // there is a reserve that is needed, it is given up and the work is done once more. After each
  // attempt, `work` must have released the store's lock. Fails as the last attempt does, and with
  // kBusy and kIo if the reserve can't be given up.
  template <typename Work, typename LacksRoom>
  std::invoke_result_t<const Work&> with_room(const Work& work, const LacksRoom& lacks_room) {
    std::optional<std::invoke_result_t<const Work&>> done;
    std::exception_ptr failure;
    try {
      done.emplace(work());
      if (!lacks_room(*done)) return *std::move(done);
    } catch (const base::Error& error) {
      if (!base::is_file_trouble(error.code())) throw;
      failure = std::current_exception();
    }
    if (give_up()) {
      done.reset();
      return work();
    }
    if (failure) std::rethrow_exception(failure);
    return *std::move(done);
  }
  template <typename Work>
  std::invoke_result_t<const Work&> with_room(const Work& work) {
    return with_room(work, [](const auto&) { return false; });
  }

  bool is_given_up() const { return is_given_up_; }

  // For work that gives up the reserve itself, with release_reserve().
  void expect_use() { may_be_gone_ = true; }

 private:
  // Returns whether there was any, and it was needed.
  bool give_up();

  const Location& location_;
  base::FileSystem& files_;
  bool is_given_up_ = false;
  bool may_be_gone_ = false;
};

}  // namespace store
