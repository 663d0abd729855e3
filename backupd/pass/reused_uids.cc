#include "backupd/pass/reused_uids.h"

namespace backupd {

Likeness likeness(const store::MessageEntry& recorded, const imap::MessageItems& now) {
  // Earlier versions recorded 1970 where the date was unknown.
  const bool has_dates = now.internal_date && recorded.internal_date &&
                         recorded.internal_date->instant != std::chrono::sys_seconds{};
  if (has_dates && now.internal_date->instant != recorded.internal_date->instant) {
    return Likeness::kOther;
  }
  const bool has_other_size = now.size && *now.size != recorded.size;
  const bool has_ids = !recorded.server_id.empty() && !now.server_id.empty();
  const bool has_other_id = has_ids && recorded.server_id != now.server_id;
  if (has_other_size && has_other_id) return Likeness::kOther;
  if (has_ids && !has_other_id) return Likeness::kSame;
  return has_other_size || has_other_id ? Likeness::kDoubtful : Likeness::kSame;
}

void ReusedUids::note(const store::MessageEntry& recorded, const imap::MessageItems& now) {
  switch (likeness(recorded, now)) {
    case Likeness::kOther:
      others.add(recorded.uid);
      if (now.size == recorded.size && (recorded.server_id.empty() || now.server_id.empty() ||
                                        recorded.server_id == now.server_id)) {
        by_date.add(recorded.uid);
      }
      break;
    case Likeness::kDoubtful:
      doubtful.add(recorded.uid);
      break;
    case Likeness::kSame:
      break;
  }
}

}  // namespace backupd
