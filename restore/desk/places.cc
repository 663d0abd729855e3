#include "restore/desk/places.h"

namespace desk {

std::optional<Places::Place> Places::take(const std::string& key,
                                          std::chrono::milliseconds patience) {
  std::unique_lock lock(mutex_);
  const bool is_free =
      changed_.wait_for(lock, patience, [&] { return is_closed_ || has_room(key); });
  if (!is_free || is_closed_) return std::nullopt;
  ++taken_[key];
  ++all_taken_;
  return std::optional<Place>(std::in_place, *this, key);
}

void Places::close() {
  const std::scoped_lock lock(mutex_);
  is_closed_ = true;
  changed_.notify_all();
}

bool Places::has_room(const std::string& key) const {
  const auto own = taken_.find(key);
  return all_taken_ < in_all_ && (own == taken_.end() || own->second < for_each_);
}

void Places::leave(const std::string& key) {
  const std::scoped_lock lock(mutex_);
  const auto own = taken_.find(key);
  if (--own->second == 0) taken_.erase(own);
  --all_taken_;
  changed_.notify_all();
}

}  // namespace desk
