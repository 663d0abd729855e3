#include "backupd/pass/known_messages.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "base/error.h"
#include "base/log.h"

namespace backupd {

namespace {

std::uint64_t hash_of(std::string_view server_id) {
  return std::hash<std::string_view>()(server_id);
}

// The messages with one server id that are compared: one message in this many folders is enough to
// trust its id, and a server may give one id to all messages.
constexpr std::size_t kMaxCompared = 64;

// A server may show one date in different zones.
bool is_same_moment(const std::optional<base::ZonedTime>& a,
                    const std::optional<base::ZonedTime>& b) {
  return a && b ? a->instant == b->instant : !a && !b;
}

}  // namespace

void KnownMessages::add(const store::FolderRecord& folder) {
  if (folder.receipt.messages == 0 || !added_.insert(folder.id).second) return;
  const auto number = static_cast<std::uint32_t>(folders_.size());
  folders_.push_back({folder, std::nullopt});
  try {
    reader_.for_each_message(folder, [&](const store::MessageEntry& entry) {
      if (!entry.server_id.empty()) {
        places_.push_back({hash_of(entry.server_id), number, entry.uid});
      }
    });
  } catch (const base::Error& error) {
    if (error.code() != base::ErrorCode::kDamaged) throw;
    base::log_warning("{}: its messages will be fetched again where they turn up", error.what());
  }
}

// An account of many small folders adds them one by one, with a search after each of them.
void KnownMessages::sort() {
  if (sorted_ == places_.size()) return;
  const auto added = places_.begin() + static_cast<std::ptrdiff_t>(sorted_);
  std::sort(added, places_.end());
  std::inplace_merge(places_.begin(), added, places_.end());
  sorted_ = places_.size();
}

std::optional<KnownMessages::Known> KnownMessages::find(
    std::string_view server_id, std::uint64_t size, const std::optional<base::ZonedTime>& date) {
  sort();
  const std::uint64_t hash = hash_of(server_id);
  std::size_t compared = 0;
  auto place = std::lower_bound(places_.begin(), places_.end(), Place{hash, 0, base::Uid{}});
  for (; place != places_.end() && place->hash == hash && compared < kMaxCompared; ++place) {
    ++compared;
    std::optional<Known> known = read(*place);
    if (known && known->entry.server_id == server_id && known->entry.size == size &&
        is_same_moment(known->entry.internal_date, date)) {
      return known;
    }
  }
  return std::nullopt;
}

bool KnownMessages::is_ambiguous(std::string_view server_id) {
  sort();
  const std::uint64_t hash = hash_of(server_id);
  std::optional<store::MessageId> first;
  std::size_t compared = 0;
  auto place = std::lower_bound(places_.begin(), places_.end(), Place{hash, 0, base::Uid{}});
  for (; place != places_.end() && place->hash == hash && compared < kMaxCompared; ++place) {
    ++compared;
    const std::optional<Known> known = read(*place);
    if (!known || known->entry.server_id != server_id) continue;
    if (!first) first = known->entry.message;
    if (*first != known->entry.message) return true;
  }
  return false;
}

std::optional<KnownMessages::Known> KnownMessages::read(const Place& place) {
  Folder& folder = folders_[place.folder];
  try {
    if (!folder.draft) folder.draft.emplace(reader_, folder.record);
    std::optional<store::MessageEntry> entry = folder.draft->find(place.uid);
    const std::optional<store::Sha256> digest = folder.draft->digest(place.uid);
    if (entry && digest) return Known{std::move(*entry), *digest};
  } catch (const base::Error& error) {
    if (error.code() != base::ErrorCode::kDamaged) throw;
  }
  return std::nullopt;
}

}  // namespace backupd
