#include "web/known_sessions.h"

namespace web {

void KnownSessions::add(const std::string& token, const SessionHolder& holder) {
  const std::scoped_lock lock(mutex_);
  if (holders_.insert_or_assign(token, holder).second) order_.push_back(token);
  while (order_.size() > kMaxKnown) {
    holders_.erase(order_.front());
    order_.pop_front();
  }
}

void KnownSessions::remove(const std::string& token) {
  const std::scoped_lock lock(mutex_);
  // Its place in the order is found empty later, which forgets no other session too early.
  holders_.erase(token);
}

std::optional<SessionHolder> KnownSessions::find(const std::string& token) const {
  const std::scoped_lock lock(mutex_);
  const auto found = holders_.find(token);
  return found == holders_.end() ? std::nullopt : std::optional(found->second);
}

}  // namespace web
