#include "backupd/pass/present_uids.h"

#include <utility>

#include <fmt/core.h>

namespace backupd {

namespace {

constexpr int kMaxSearches = 3;

}  // namespace

PresentUids confirm_present(imap::Session& session, imap::UidSet seen) {
  for (int search = 0; seen.count() != session.exists(); ++search) {
    if (search == kMaxSearches) {
      std::string doubt =
          fmt::format("the server reports {} messages but shows {}: recorded messages are kept",
                      session.exists(), seen.count());
      return {std::move(seen), std::move(doubt)};
    }
    imap::UidSet found = session.search_all();
    if (found.count() == session.exists()) return {std::move(found), {}};
    for (const imap::UidRange& range : found.ranges()) seen.add(range);
  }
  return {std::move(seen), {}};
}

}  // namespace backupd
