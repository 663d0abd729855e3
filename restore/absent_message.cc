#include "restore/absent_message.h"

#include <algorithm>
#include <optional>

#include <fmt/core.h>

#include "base/error.h"
#include "base/id_text.h"
#include "base/terminal.h"
#include "base/time_text.h"
#include "restore/selection.h"
#include "store/message_places.h"

namespace restore {

namespace {

// Where the account has the message; nullopt if that can't be read, or several begin like this.
std::optional<store::MessagePlaces> find_if_readable(store::Reader& reader,
                                                     const std::string& account,
                                                     const std::string& digits) {
  try {
    return store::find_message(reader, account, digits, store::PlacesWanted::kAll);
  } catch (const base::Error& error) {
    if (error.code() != base::ErrorCode::kUsage && !base::is_unreadable(error.code())) throw;
    return std::nullopt;
  }
}

// Ends the sentence "the snapshot has no such message".
std::string hint(store::Reader& reader, const store::SnapshotInfo& snapshot,
                 const std::string& digits, const std::string& zone) {
  const auto found = find_if_readable(reader, snapshot.account, digits);
  if (!found || found->places.empty()) {
    return ": `mailstow-restore messages` and `search` list the ids";
  }
  for (const store::HeldPlace& place : found->places) {
    const bool is_here =
        place.first.sequence <= snapshot.sequence && snapshot.sequence <= place.last.sequence &&
        std::ranges::find(found->snapshots, snapshot.id, &store::SnapshotInfo::id) !=
            found->snapshots.end();
    if (!is_here) continue;
    return fmt::format(" in the chosen folders: it is in {}",
                       base::escape_for_terminal(shown_name(place.last, place.folder)));
  }
  const store::HeldPlace& last = found->places.front();
  return fmt::format(", but that of {} has, in {}: add --at {}",
                     base::format_zoned(last.last.time, zone),
                     base::escape_for_terminal(shown_name(last.last, last.folder)),
                     base::shown_id(last.last.id.hex()));
}

}  // namespace

void fail_without_message(store::Reader& reader, const store::SnapshotInfo& snapshot,
                          const std::string& digits, const std::string& zone) {
  base::fail(base::ErrorCode::kNotFound,
             "--message {}: the snapshot of {} ({}) has no such message{}", digits,
             base::format_zoned(snapshot.time, zone), base::shown_id(snapshot.id.hex()),
             hint(reader, snapshot, digits, zone));
}

}  // namespace restore
