// Verifies that the store is what was written: every file, every object, every message.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "base/file_system.h"
#include "base/mail/uid.h"
#include "store/format/location.h"
#include "store/format/object_id.h"
#include "store/index/commit_mark.h"

namespace store {

enum class CheckDepth {
  kQuick,     // files, trailers, commits, the index, and that everything that snapshots name exists
  kReadData,  // also every byte: files hashed, objects opened and hashed, messages rebuilt
};

struct CheckProgress {
  Sha256 pack;  // the pack just checked
  std::uint64_t done_bytes = 0;
  std::uint64_t total_bytes = 0;
};

struct CheckOptions {
  CheckDepth depth = CheckDepth::kQuick;
  unsigned threads = 0;        // 0: one per processor, at most four
  std::set<Sha256> skip = {};  // packs whose data an earlier check has read already

  // When each pack's data was last read: oldest first, packs not listed here before all others.
  std::map<Sha256, std::chrono::sys_seconds> last_read = {};

  // Called before each pack; once it returns true, the rest is checked only quickly. Empty: never.
  std::function<bool()> is_time_over = {};

  // One call at a time, from any thread. has_read follows only once the packs that hold parts of
  // its messages are checked, too.
  std::function<void(const CheckProgress&)> progress = {};
  std::function<void(const Sha256& pack)> has_read =
      {};  // called when the whole pack was read and is intact
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
  std::vector<MessagePlace> places;  // its places in the newest snapshots
};

struct CheckReport {
  std::uint64_t packs = 0;
  std::uint64_t pack_bytes = 0;
  std::uint64_t commits = 0;
  CommitMark highest;
  std::uint64_t snapshots = 0;
  std::uint64_t messages = 0;  // named by snapshots; in kReadData, all whose records were read
  std::uint64_t packs_read = 0;
  std::uint64_t bytes_read = 0;     // of packs
  std::vector<std::string> damage;  // one line each, naming the file or object
  std::set<Sha256> damaged_packs;   // files altered or missing
  std::set<Sha256> newer_packs;     // written by a newer version, so that this one can't read them
  bool is_index_wrong = false;      // all commits can be read, and differ from the index: reindex
  std::vector<DamagedMessage> damaged_messages;

  bool is_intact() const { return damage.empty() && damaged_messages.empty(); }
};

// kReadData reads each pack once, front to back. Up to a twentieth more is read to rebuild messages
// with parts in other packs; further ones count as intact if their records can be read and those
// packs are intact. Where a pack is damaged, every message that needs it is rebuilt to name it.
// Memory: for each thread one pack (128 MiB at most, usually 64) and 24 MiB of blocks, besides the
// two blocks being opened; for the whole check the ids of all messages, and of those that wait for
// another pack, and 64 MiB of sealed manifests.
//
// Takes no lock and changes nothing: objects that a writer adds meanwhile are checked next time.
// With Location::has_own_index, what seems to be damaged is checked again, at most twice, if
// another host has committed meanwhile; otherwise, once more with a copy of the index that is up to
// date, if a writer was killed between a commit and its index. Fails as Reader::open does; damage
// is a finding, not a failure.
CheckReport check(const Location& location, base::FileSystem& files, const CheckOptions& options);

}  // namespace store
