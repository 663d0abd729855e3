#include "tests/programs/recorded_mail.h"

#include <utility>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/file_system.h"
#include "store/folder_draft.h"
#include "store/format/location.h"

namespace programs {

store::FolderInfo recorded_folder(const std::string& raw_name) {
  store::FolderInfo info;
  info.raw_name = raw_name;
  info.delimiter = '/';
  info.uid_validity = 7;
  return info;
}

void record_snapshot(const Installation& mailstow, store::SnapshotDraft snapshot,
                     const std::vector<RecordedFolder>& folders) {
  const store::Location location{mailstow.store(), mailstow.index(), mailstow.key_file()};
  store::Writer writer =
      store::Writer::open(location, base::real_file_system(), base::system_clock());
  for (const RecordedFolder& folder : folders) {
    store::FolderDraft draft(folder.info);
    for (const RecordedMessage& recorded : folder.messages) {
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
    snapshot.folders.push_back(writer.seal(draft));
  }
  writer.add_snapshot(snapshot);
  writer.commit();
}

void record_inbox(const Installation& mailstow, std::chrono::sys_seconds time,
                  const std::vector<RecordedMessage>& messages) {
  store::SnapshotDraft snapshot;
  snapshot.account = "alice";
  snapshot.time = time;
  record_snapshot(mailstow, std::move(snapshot), {{recorded_folder("INBOX"), messages}});
}

}  // namespace programs
