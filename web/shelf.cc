#include "web/shelf.h"

#include <algorithm>
#include <utility>

namespace web {

namespace {

using Steady = std::chrono::steady_clock;

}  // namespace

void Shelf::forget_old_locked(Steady::time_point now) {
  entries_.remove_if([&](const Entry& entry) { return entry.until <= now; });
}

void Shelf::forget_old(Steady::time_point now) {
  const std::scoped_lock lock(mutex_);
  forget_old_locked(now);
}

std::shared_ptr<const ShelvedMessage> Shelf::find(const Place& place) {
  const std::scoped_lock lock(mutex_);
  forget_old_locked(Steady::now());
  const auto found = std::ranges::find(entries_, place, &Entry::place);
  return found == entries_.end() ? nullptr : found->message;
}

void Shelf::add(const Place& place, std::shared_ptr<const ShelvedMessage> message) {
  if (message->size > kMaxBytes) return;
  const std::scoped_lock lock(mutex_);
  forget_old_locked(Steady::now());
  entries_.push_back({place, std::move(message), Steady::now() + kStays});
  std::uint64_t bytes = 0;
  for (const Entry& entry : entries_) bytes += entry.message->size;
  while (bytes > kMaxBytes) {
    bytes -= entries_.front().message->size;
    entries_.pop_front();
  }
}

void Shelf::remove(const std::string& token) {
  const std::scoped_lock lock(mutex_);
  entries_.remove_if([&](const Entry& entry) { return entry.place.token == token; });
}

void Shelf::remove_account(const std::string& account) {
  const std::scoped_lock lock(mutex_);
  entries_.remove_if([&](const Entry& entry) { return entry.place.account == account; });
}

}  // namespace web
