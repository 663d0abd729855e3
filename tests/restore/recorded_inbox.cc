#include "tests/restore/recorded_inbox.h"

#include <utility>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/file_system.h"
#include "store/folder_draft.h"
#include "store/format/location.h"
#include "store/writer.h"

namespace restore {

void record_inbox(const programs::Installation& mailstow, std::chrono::sys_seconds time,
                  const std::vector<RecordedMessage>& messages) {
  const store::Location location{mailstow.store(), mailstow.index(), mailstow.key_file()};
  store::Writer writer =
      store::Writer::open(location, base::real_file_system(), base::system_clock());
  store::FolderInfo info;
  info.raw_name = "INBOX";
  info.delimiter = '/';
  info.uid_validity = 7;
  store::FolderDraft draft(std::move(info));
  for (const RecordedMessage& recorded : messages) {
    store::IncomingMessage message = writer.begin_message();
    message.add(base::as_bytes(recorded.text));
    const store::StoredMessage stored = writer.add(message);
    draft.put({.uid = base::Uid{recorded.uid},
               .message = stored.id,
               .internal_date = recorded.internal_date,
               .size = stored.size,
               .flags = recorded.flags},
              stored.digest);
  }
  store::SnapshotDraft snapshot;
  snapshot.account = "alice";
  snapshot.time = time;
  snapshot.folders = {writer.seal(draft)};
  writer.add_snapshot(snapshot);
  writer.commit();
}

}  // namespace restore
