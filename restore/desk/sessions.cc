#include "restore/desk/sessions.h"

#include <utility>

#include "restore/desk/random_text.h"

namespace desk {

std::optional<std::string> Sessions::begin(Session session, std::chrono::seconds length) {
  const std::scoped_lock lock(mutex_);
  forget_ended();
  auto oldest = sessions_.end();
  std::size_t of_person = 0;
  for (auto at = sessions_.begin(); at != sessions_.end(); ++at) {
    const Session& other = at->second;
    if (other.door != session.door || other.person != session.person ||
        other.account != session.account) {
      continue;
    }
    ++of_person;
    if (oldest == sessions_.end() || other.ends < oldest->second.ends) oldest = at;
  }
  if (of_person >= kMaxOfPerson) sessions_.erase(oldest);
  if (sessions_.size() >= kMaxSessions) return std::nullopt;
  const auto now = clock_.steady_now();
  session.id = random_id();
  session.ends = now + length;
  session.confirmed = now;
  std::string token = random_token();
  sessions_[hash_of(token)] = std::move(session);
  return token;
}

std::optional<Session> Sessions::find(const std::string& token, Door door) {
  const std::scoped_lock lock(mutex_);
  forget_ended();
  const auto found = sessions_.find(hash_of(token));
  if (found == sessions_.end() || found->second.door != door) return std::nullopt;
  return found->second;
}

void Sessions::confirm(const std::string& token, std::uint64_t sequence,
                       std::chrono::sys_seconds holder_since) {
  const std::scoped_lock lock(mutex_);
  const auto found = sessions_.find(hash_of(token));
  if (found == sessions_.end()) return;
  found->second.confirmed = clock_.steady_now();
  found->second.sequence = sequence;
  found->second.holder_since = holder_since;
}

void Sessions::end(const std::string& token) {
  const std::scoped_lock lock(mutex_);
  sessions_.erase(hash_of(token));
}

bool Sessions::is_recent(const Session& session, std::chrono::seconds age) const {
  return clock_.steady_now() - session.confirmed <= age;
}

void Sessions::forget_ended() {
  const auto now = clock_.steady_now();
  std::erase_if(sessions_, [&](const auto& entry) { return entry.second.ends <= now; });
}

}  // namespace desk
