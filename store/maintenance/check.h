// Whether the store is what was written: every file, every object, every message.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/file_system.h"
#include "base/uid.h"
#include "store/format/location.h"
#include "store/format/object_id.h"
#include "store/index/commit_mark.h"

namespace store {

enum class CheckDepth {
  kQuick,     // files, trailers, commits, the index, and that snapshots name what is there
  kReadData,  // that, and every byte: files hashed, objects opened and hashed, messages rebuilt
};

struct CheckProgress {
  Sha256 pack;  // the one just done
  std::uint64_t done_bytes = 0;
  std::uint64_t total_bytes = 0;
};

struct CheckOptions {
  CheckDepth depth = CheckDepth::kQuick;
  unsigned threads = 0;        // 0: one a processor, four at most
  std::set<Sha256> skip = {};  // packs whose data need not be read: an earlier check did

  // When each pack's data was last read; the longest ago comes first, what is not here before all.
  std::map<Sha256, std::chrono::sys_seconds> last_read = {};

  // Asked before each pack; once it says so the rest is only looked at quickly. Nothing: never.
  std::function<bool()> is_time_over = {};

  // One call at a time, from any thread.
  std::function<void(const CheckProgress&)> progress = {};
  std::function<void(const Sha256& pack)> has_read = {};  // all of it, and nothing in it is wrong
};

struct MessagePlace {
  std::string account;
  std::string raw_folder;
  base::Uid uid;
  char delimiter = 0;                // of the folder
  std::string personal_prefix = {};  // of the account
  bool operator==(const MessagePlace&) const = default;
};

struct DamagedMessage {
  MessageId id;
  std::string why;
  std::vector<MessagePlace> places;  // where the newest snapshots have it
};

struct CheckReport {
  std::uint64_t packs = 0;
  std::uint64_t pack_bytes = 0;
  std::uint64_t commits = 0;
  CommitMark highest;
  std::uint64_t snapshots = 0;
  std::uint64_t messages = 0;  // that snapshots name, and in kReadData all that were rebuilt
  std::uint64_t packs_read = 0;
  std::uint64_t bytes_read = 0;     // of packs
  std::vector<std::string> damage;  // a line each, naming file or object
  std::set<Sha256> damaged_packs;   // whose files are not what was written, or missing
  std::vector<DamagedMessage> damaged_messages;

  bool is_intact() const { return damage.empty() && damaged_messages.empty(); }
};

// Takes no lock and changes nothing: what a writer adds meanwhile is looked at next time. Fails as
// Reader::open does; damage is a finding, not a failure.
CheckReport check(const Location& location, base::FileSystem& files, const CheckOptions& options);

}  // namespace store
