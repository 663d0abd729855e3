// Where the account has found messages now, and since when a folder no longer has one.
#pragma once

#include <chrono>
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
  // was. Fails with kDamaged or kNotFound if it can't be read.
  Whereabouts(store::Reader& reader, const std::string& account,
              const std::vector<store::FoundMessage>& found);

  // The folders that have the message's content, in the snapshot's order; empty: it is gone.
  std::vector<std::string> folders_of(const store::FoundMessage& found) const;

  // The time of the first backup after the one in which its folder was last seen with it. nullopt:
  // the folder still has it, or it was found in a rescue.
  std::optional<std::chrono::sys_seconds> gone_since(const store::FoundMessage& found) const;

 private:
  std::vector<store::SnapshotInfo> backups_;  // by sequence
  std::map<store::MessageId, std::vector<std::string>> folders_;
};

}  // namespace restore
