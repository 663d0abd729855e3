#include "web/prepared_exports.h"

#include <algorithm>
#include <array>
#include <utility>

#include "web/random_id.h"

namespace web {

namespace {

using Steady = std::chrono::steady_clock;

bool is_over(const PreparedExport& prepared) {
  const ExportProgress::State state = prepared.progress->look().state;
  return state != ExportProgress::State::kReady && state != ExportProgress::State::kSending;
}

}  // namespace

ExportProgress::Sight ExportProgress::look() const {
  const std::scoped_lock lock(mutex_);
  return sight_;
}

void ExportProgress::begin() {
  const std::scoped_lock lock(mutex_);
  if (sight_.state == State::kReady || sight_.state == State::kRefused) {
    sight_ = {.state = State::kSending};
  }
}

void ExportProgress::advance(const MailArchive& archive) {
  const std::scoped_lock lock(mutex_);
  sight_.messages = archive.messages();
  sight_.damaged = archive.damaged();
  sight_.bytes = archive.bytes();
}

void ExportProgress::end(State state, std::string code) {
  const std::scoped_lock lock(mutex_);
  if (sight_.state == State::kDone || sight_.state == State::kBroken) return;
  sight_.state = state;
  sight_.code = std::move(code);
}

std::string_view word_of(ExportProgress::State state) {
  constexpr std::array<std::string_view, 5> kWords = {"ready", "sending", "done", "broken",
                                                      "refused"};
  return kWords.at(static_cast<std::size_t>(state));
}

void PreparedExports::forget_old_locked(Steady::time_point now) {
  std::erase_if(exports_, [&](const auto& entry) { return entry.second.until <= now; });
}

std::optional<std::string> PreparedExports::add(PreparedExport prepared) {
  const std::scoped_lock lock(mutex_);
  forget_old_locked(Steady::now());
  // A page looks at its last download only.
  std::erase_if(exports_, [&](const auto& entry) {
    return entry.second.token == prepared.token && is_over(entry.second);
  });
  std::size_t bytes = prepared.selection.size();
  std::size_t of_session = 0;
  for (const auto& [id, known] : exports_) {
    bytes += known.selection.size();
    if (known.token == prepared.token) ++of_session;
  }
  if (of_session >= kMaxOfSession || bytes > kMaxBytes) return std::nullopt;
  prepared.until = Steady::now() + kLasts;
  std::string id = random_id();
  exports_.emplace(id, std::move(prepared));
  return id;
}

PreparedExport* PreparedExports::find_own(const std::string& id, const std::string& token,
                                          const std::string& account) {
  forget_old_locked(Steady::now());
  const auto found = exports_.find(id);
  if (found == exports_.end() || found->second.token != token || found->second.account != account) {
    return nullptr;
  }
  return &found->second;
}

std::optional<PreparedExport> PreparedExports::take(const std::string& id, const std::string& token,
                                                    const std::string& account) {
  const std::scoped_lock lock(mutex_);
  PreparedExport* const found = find_own(id, token, account);
  if (found == nullptr || found->is_taken) return std::nullopt;
  PreparedExport prepared = *found;
  found->is_taken = true;
  found->selection.clear();
  found->until = std::chrono::steady_clock::now() + kShown;
  return prepared;
}

std::shared_ptr<const ExportProgress> PreparedExports::find(const std::string& id,
                                                            const std::string& token,
                                                            const std::string& account) {
  const std::scoped_lock lock(mutex_);
  const PreparedExport* const found = find_own(id, token, account);
  return found == nullptr ? nullptr : found->progress;
}

void PreparedExports::put_back(const std::string& id, PreparedExport prepared) {
  const std::scoped_lock lock(mutex_);
  exports_.insert_or_assign(id, std::move(prepared));
}

void PreparedExports::forget_old(Steady::time_point now) {
  const std::scoped_lock lock(mutex_);
  forget_old_locked(now);
}

void PreparedExports::remove(const std::string& token) {
  const std::scoped_lock lock(mutex_);
  std::erase_if(exports_, [&](const auto& entry) { return entry.second.token == token; });
}

}  // namespace web
