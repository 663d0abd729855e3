// An account drawn in a few words, for tests that compare its snapshots.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <fmt/core.h>

#include "tests/store/store_fixture.h"

namespace store {

// Messages with the same `content` are the same.
struct DrawnMessage {
  // NOLINTNEXTLINE(google-explicit-constructor): most have no flags, and are only a number
  DrawnMessage(unsigned of = 0, std::vector<std::string> with = {})
      : content(of), flags(std::move(with)) {}
  bool operator==(const DrawnMessage&) const = default;

  unsigned content = 0;
  std::vector<std::string> flags;
};

struct DrawnFolder {
  std::map<std::uint32_t, DrawnMessage> messages;  // by UID
  std::uint32_t uid_validity = 7;
  std::string mailbox_id = {};
  FolderCompleteness completeness = FolderCompleteness::kComplete;
};

using DrawnAccount = std::map<std::string, DrawnFolder>;  // by raw name

inline std::string drawn_text(unsigned content) {
  return fmt::format("Subject: {}\r\n\r\nbody\r\n", content);
}

class DrawnAccountFixture : public StoreFixture {
 protected:
  DrawnAccountFixture() { make_store(); }

  // A snapshot of alice.
  SnapshotInfo back_up(const DrawnAccount& account) {
    Writer writer = open_writer();
    std::vector<FolderRecord> records;
    for (const auto& [name, folder] : account) {
      FolderInfo info = folder_named(name);
      info.uid_validity = folder.uid_validity;
      info.mailbox_id = folder.mailbox_id;
      info.completeness = folder.completeness;
      FolderDraft draft(writer.reader(), info);
      for (const auto& [uid, message] : folder.messages) {
        const StoredMessage stored = add_message(writer, drawn_text(message.content));
        draft.put(entry_of(uid, stored, message.flags), stored.digest);
      }
      records.push_back(writer.seal(draft));
    }
    SnapshotInfo snapshot = add_snapshot(writer, "alice", records);
    writer.commit();
    return snapshot;
  }
};

}  // namespace store
