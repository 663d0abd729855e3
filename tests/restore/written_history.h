// Accounts whose snapshots a test writes by itself, without a server: any history in no time.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "base/bytes.h"
#include "base/clock.h"
#include "base/file_system.h"
#include "base/mail/zoned_time.h"
#include "store/folder_draft.h"
#include "store/format/location.h"
#include "store/writer.h"
#include "tests/programs/installation.h"

namespace restore {

struct WrittenFolder {
  std::string name;
  std::vector<std::string> subjects;  // of the messages with UID 1, 2, ...; empty: no such UID
  store::FolderCompleteness completeness = store::FolderCompleteness::kComplete;
  std::uint32_t uid_validity = 7;
};

class WrittenHistory : public testing::Test {
 protected:
  WrittenHistory() {
    mailstow_.config()["servers"]["main"] = {{"url", "imap://127.0.0.1:1"}, {"tls", "none"}};
    mailstow_.config()["accounts"] = programs::json::array();
    mailstow_.save();
    mailstow_.make_store();
  }

  static std::string message(const std::string& subject) {
    return "From: a@example.org\r\nSubject: " + subject +
           "\r\nDate: Tue, 3 Nov 2026 10:00:00 +0000\r\n\r\nbody\r\n";
  }

  // Each snapshot is an hour after the one before. Returns its id.
  std::string back_up(const std::string& account, const std::vector<WrittenFolder>& folders,
                      store::SnapshotStatus status = store::SnapshotStatus::kComplete) {
    store::Writer writer =
        store::Writer::open(location_, base::real_file_system(), base::system_clock());
    store::SnapshotDraft snapshot;
    snapshot.account = account;
    snapshot.time = time_;
    snapshot.status = status;
    for (const WrittenFolder& folder : folders) snapshot.folders.push_back(put(writer, folder));
    const store::SnapshotInfo made = writer.add_snapshot(snapshot);
    writer.commit();
    time_ += std::chrono::hours(1);
    return made.id.hex();
  }

  programs::Installation mailstow_;
  const store::Location location_{mailstow_.store(), mailstow_.index(), mailstow_.key_file()};

 private:
  store::FolderRecord put(store::Writer& writer, const WrittenFolder& folder) const {
    store::FolderInfo info;
    info.raw_name = folder.name;
    info.delimiter = '/';
    info.uid_validity = folder.uid_validity;
    info.completeness = folder.completeness;
    store::FolderDraft draft(std::move(info));
    std::map<std::string, store::StoredMessage> known;  // by subject
    for (std::uint32_t uid = 1; uid <= folder.subjects.size(); ++uid) {
      const std::string& subject = folder.subjects[uid - 1];
      if (subject.empty()) continue;
      const auto [place, is_first] = known.try_emplace(subject);
      store::StoredMessage& stored = place->second;
      if (is_first) {
        store::IncomingMessage incoming = writer.begin_message();
        incoming.add(base::as_bytes(message(subject)));
        stored = writer.add(incoming);
      }
      draft.put({.uid = base::Uid{uid},
                 .message = stored.id,
                 .internal_date = base::ZonedTime{kReceived},
                 .size = stored.size,
                 .flags = {}},
                stored.digest);
    }
    return writer.seal(draft);
  }

  static constexpr std::chrono::sys_seconds kReceived =
      std::chrono::sys_days(std::chrono::year(2026) / 11 / 3);

  std::chrono::sys_seconds time_ = base::system_clock().now_seconds() - std::chrono::hours(500);
};

}  // namespace restore
