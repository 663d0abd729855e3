// Snapshots as no test server would produce them: they are written to the store by hand.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/mail/zoned_time.h"
#include "store/writer.h"
#include "tests/programs/installation.h"

namespace programs {

struct RecordedMessage {
  std::uint32_t uid = 0;
  std::string text;  // with header; lines end with CRLF
  std::optional<base::ZonedTime> internal_date;
  std::vector<std::string> flags = {};  // sorted
};

// The record of a folder with '/' between levels and UIDVALIDITY 7.
store::FolderInfo recorded_folder(const std::string& raw_name);

struct RecordedFolder {
  store::FolderInfo info;
  std::vector<RecordedMessage> messages;  // sorted by UID
};

// Adds the snapshot, with these folders. The store must exist.
void record_snapshot(const Installation& mailstow, store::SnapshotDraft snapshot,
                     const std::vector<RecordedFolder>& folders);

// Adds a snapshot of alice's account that has only INBOX.
void record_inbox(const Installation& mailstow, std::chrono::sys_seconds time,
                  const std::vector<RecordedMessage>& messages);

}  // namespace programs
