// Bounds on simultaneous work: in all, and for each holder of a key (a session, a
// network, an account), so that one of them leaves room for the others.
#pragma once

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <utility>

namespace desk {

// Thread-safe. Must outlive the places that are taken.
class Places {
 public:
  Places(std::size_t in_all, std::size_t for_each) : in_all_(in_all), for_each_(for_each) {}
  Places(const Places&) = delete;
  Places& operator=(const Places&) = delete;

  // Taken until it is destroyed.
  class Place {
   public:
    Place(Places& places, std::string key) : places_(&places), key_(std::move(key)) {}
    Place(Place&& other) noexcept
        : places_(std::exchange(other.places_, nullptr)), key_(std::move(other.key_)) {}
    Place& operator=(Place&&) = delete;
    ~Place() {
      if (places_ != nullptr) places_->leave(key_);
    }

   private:
    Places* places_;
    std::string key_;
  };

  // Nullopt if no place becomes free within `patience`, or after close().
  std::optional<Place> take(const std::string& key, std::chrono::milliseconds patience = {});

  // Ends all waiting. No place is free from now on.
  void close();

 private:
  bool has_room(const std::string& key) const;  // with the mutex held
  void leave(const std::string& key);

  std::size_t in_all_;
  std::size_t for_each_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::map<std::string, std::size_t> taken_;
  std::size_t all_taken_ = 0;
  bool is_closed_ = false;
};

}  // namespace desk
