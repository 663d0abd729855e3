// Where the account has found messages now, and since when a folder no longer has one.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "store/format/snapshot.h"
#include "store/reader.h"
#include "store/search.h"

namespace restore {

// As of the account's newest backup, by sequence. Names are as shown: escape them before printing.
class Whereabouts {
 public:
  // Goes through the newest backup once, however many messages were found, and not at all if none
  // was; keeps no more than the folders of these messages. `is_last_known`: the snapshot of each is
  // the last one to have it. Fails with kDamaged or kNotFound if the newest backup can't be read.
  Whereabouts(store::Reader& reader, const std::string& account,
              const std::vector<store::FoundMessage>& found, bool is_last_known);

  // The folders that have the message's content, in the snapshot's order. Empty: it is gone, unless
  // is_doubted().
  std::vector<std::string> folders_of(const store::FoundMessage& found) const;

  // True if the newest backup can't prove that the message is gone, because its folder was not read
  // in full, or that it is there, because its only folder is shown as of an earlier backup.
  bool is_doubted(const store::FoundMessage& found) const;

  // The time of the first backup that read its folder in full, after the one in which that was last
  // seen with it. nullopt: no backup did, it was found in a rescue, or the last one to have it is
  // not known.
  std::optional<std::chrono::sys_seconds> gone_since(const store::FoundMessage& found) const;

  // The folders that the newest backup did not read in full.
  const std::vector<std::string>& unread() const { return unread_; }

 private:
  struct Presence {
    std::vector<std::string> folders;
    bool is_read = false;  // one of them was read in that backup
  };
  // nullopt: that backup can't be read.
  using UnreadFolders = std::optional<std::vector<std::string>>;

  void look_into_newest(const std::vector<store::FoundMessage>& found);
  void find_end(const store::FoundMessage& found);
  const UnreadFolders& unread_in(const store::SnapshotInfo& backup);

  store::Reader& reader_;
  std::vector<store::SnapshotInfo> backups_;  // by sequence
  std::map<store::Sha256, Presence> presence_;
  std::vector<std::string> unread_;
  std::map<std::uint64_t, UnreadFolders> unread_by_sequence_;
  std::map<std::string, std::chrono::sys_seconds> gone_since_;  // by cursor
};

}  // namespace restore
