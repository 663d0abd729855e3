#include "tests/backupd/pass/recorded_account.h"

#include <gmock/gmock.h>

#include "imap/folder_name.h"
#include "store/folder_draft.h"

namespace backupd {

RecordedFolders recorded_folders(store::Reader& reader, const store::SnapshotInfo& snapshot) {
  RecordedFolders recorded;
  for (const store::FolderRecord& folder : reader.folders(snapshot)) {
    servers::FolderState state;
    state.raw_name = folder.info.raw_name;
    state.name = imap::shown_folder_name(folder.info.raw_name, folder.info.delimiter,
                                         snapshot.personal_prefix);
    state.is_selectable = folder.info.completeness != store::FolderCompleteness::kContainer;
    state.uid_validity = folder.info.uid_validity;
    if (state.is_selectable) state.digest = folder.receipt.digest.hex();
    store::FolderDraft draft(reader, folder);
    draft.for_each([&](const store::MessageEntry& entry) {
      state.messages.push_back(
          {entry.uid.value, entry.flags,
           entry.internal_date.value_or(base::ZonedTime()).instant.time_since_epoch().count(),
           entry.size, draft.digest(entry.uid).value().hex()});
    });
    recorded.emplace(state.raw_name, std::move(state));
  }
  return recorded;
}

void expect_equal_to_server(store::Reader& reader, const servers::Server& server,
                            const std::string& user) {
  const auto snapshot = reader.newest_snapshot(user);
  ASSERT_TRUE(snapshot);
  auto there = servers::account_state(server, user).folders;
  for (auto& [name, folder] : there) {
    folder.uid_next = 0;
    folder.highest_modseq = 0;
    if (!folder.is_selectable) folder.uid_validity = 0;
  }
  EXPECT_EQ(servers::describe_difference(there, recorded_folders(reader, *snapshot)), "");
}

}  // namespace backupd
