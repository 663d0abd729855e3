#include "web/prepared_exports.h"

#include <utility>

#include "web/random_id.h"

namespace web {

void PreparedExports::forget_old() {
  const auto now = std::chrono::steady_clock::now();
  std::erase_if(exports_, [&](const auto& entry) { return entry.second.until <= now; });
}

std::optional<std::string> PreparedExports::add(PreparedExport prepared) {
  const std::scoped_lock lock(mutex_);
  forget_old();
  std::size_t bytes = prepared.selection.size();
  std::size_t of_session = 0;
  for (const auto& [id, known] : exports_) {
    bytes += known.selection.size();
    if (known.token == prepared.token) ++of_session;
  }
  if (of_session >= kMaxOfSession || bytes > kMaxBytes) return std::nullopt;
  prepared.until = std::chrono::steady_clock::now() + kLasts;
  std::string id = random_id();
  exports_.emplace(id, std::move(prepared));
  return id;
}

std::optional<PreparedExport> PreparedExports::take(const std::string& id, const std::string& token,
                                                    const std::string& account) {
  const std::scoped_lock lock(mutex_);
  forget_old();
  const auto found = exports_.find(id);
  if (found == exports_.end() || found->second.token != token || found->second.account != account) {
    return std::nullopt;
  }
  PreparedExport prepared = std::move(found->second);
  exports_.erase(found);
  return prepared;
}

}  // namespace web
