#include "store/own_index.h"

#include <string>
#include <utility>
#include <vector>

#include <fmt/core.h>

#include "base/error.h"
#include "base/log.h"
#include "store/format/layout.h"
#include "store/index/catch_up.h"
#include "store/index/index.h"
#include "store/index/index_copy.h"

namespace store {

namespace {

// A prune may remove packs between a listing and the reading of them, and the pack with the commit
// that allows it may be missing in the listing: the next one shows more.
constexpr unsigned kMaxAttempts = 3;

// Returns what is wrong; with `is_last`, the index has the rest.
std::vector<std::string> attempt(const Location& location, base::FileSystem& files,
                                 const BlockContext& context, bool is_last) {
  Index index = Index::open(index_file(location), context.store, IndexUse::kReaders);
  Index::Update update(index);
  std::vector<std::string> damage;
  try {
    CaughtUp caught_up = catch_up(location, files, context, index);
    damage = std::move(caught_up.damage);
    if (caught_up.recorded.number != 0) {
      damage.push_back(fmt::format("commit {} is recorded, but its pack can't be found",
                                   caught_up.recorded.number));
    }
  } catch (const base::Error& error) {
    if (error.code() != base::ErrorCode::kDamaged || is_last) throw;
    return {error.what()};
  }
  if (damage.empty() || is_last) update.commit();
  return damage;
}

}  // namespace

std::vector<std::string> catch_up_own_index(const Location& location, base::FileSystem& files,
                                            const BlockContext& context) {
  fetch_index_copy(location, context, IndexUse::kReaders);
  std::vector<std::string> damage;
  for (unsigned count = 1; count <= kMaxAttempts; ++count) {
    damage = attempt(location, files, context, count == kMaxAttempts);
    if (damage.empty()) return damage;
  }
  for (const std::string& line : damage) base::log_warning("{}", line);
  return damage;
}

}  // namespace store
