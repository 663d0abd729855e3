// Why a storage did not do what it was asked to.
#pragma once

#include <chrono>
#include <optional>
#include <string>

#include "base/error.h"

namespace store {

enum class Trouble {
  // No connection, a lost answer, a failure on the other side. The operation may have been done.
  // Worth repeating.
  kUnanswered,
  // Too many requests. Nothing was done. Worth repeating later.
  kThrottled,
  // Credentials, permissions, a clock that is wrong. Nothing was done, and nothing is known about
  // the blob, also not that it is absent. An administrator has to act.
  kRefused,
  // The directory or the bucket itself is missing. That is never an empty store.
  kGone,
};

// Always of the code kStorage.
class StorageError : public base::Error {
 public:
  // `pause`: how long the storage asks to be left alone.
  StorageError(Trouble trouble, const std::string& message,
               std::optional<std::chrono::milliseconds> pause = std::nullopt)
      : Error(base::ErrorCode::kStorage, message), trouble_(trouble), pause_(pause) {}

  Trouble trouble() const noexcept { return trouble_; }
  bool is_worth_repeating() const noexcept {
    return trouble_ == Trouble::kUnanswered || trouble_ == Trouble::kThrottled;
  }
  std::optional<std::chrono::milliseconds> pause() const noexcept { return pause_; }

 private:
  Trouble trouble_;
  std::optional<std::chrono::milliseconds> pause_;
};

}  // namespace store
