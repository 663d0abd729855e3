// Whether the store is what was written: every file, every object, every message.
#pragma once

#include <cstdint>
#include <functional>
#include <set>
#include <string>
#include <vector>

#include "base/file_system.h"
#include "base/uid.h"
#include "store/location.h"
#include "store/object_id.h"

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
  unsigned threads = 0;   // 0: one a processor, four at most
  std::set<Sha256> skip;  // packs whose data need not be read: an earlier check did
  std::function<void(const CheckProgress&)> progress;  // one call at a time, from any thread
};

struct MessagePlace {
  std::string account;
  std::string raw_folder;
  base::Uid uid;
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
  std::uint64_t snapshots = 0;
  std::uint64_t messages = 0;       // looked at: in kQuick that they are there, else rebuilt
  std::vector<std::string> damage;  // a line each, naming file or object
  std::vector<DamagedMessage> damaged_messages;

  bool is_intact() const { return damage.empty() && damaged_messages.empty(); }
};

// Takes no lock and changes nothing: what a writer adds meanwhile is looked at next time. Fails as
// Reader::open does; damage is a finding, not a failure.
CheckReport check(const Location& location, base::FileSystem& files, const CheckOptions& options);

}  // namespace store
