// An earlier commit than the newest, as of which a store can be opened: what an attacker or a
// mistake did later does not count.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "store/format/crypto.h"
#include "store/format/object_id.h"
#include "store/format/pack.h"
#include "store/storage/storage.h"

namespace store {

class FoundPacks;

// A commit as a person names it: one of the three.
struct WantedCommit {
  std::uint64_t number = 0;  // 0: named in another way
  std::string id = {};       // its first digits
  // The last commit that was made by then.
  std::optional<std::chrono::sys_seconds> time = {};
  std::string text;  // as it was written, for messages
};

// COMMIT|TIME: a number of up to seven digits; a time in the syntax of base/time_text.h, where a
// day alone means its last moment and a time without seconds the last of its minute; or the first
// eight or more digits of an id. Fails with kUsage.
WantedCommit parse_wanted_commit(const std::string& text, std::string_view zone,
                                 std::chrono::sys_seconds now);

struct PastCommit {
  std::uint64_t number = 0;
  ObjectId id;
  std::chrono::sys_seconds time{};
  // An earlier commit has a later time: a clock was wrong.
  bool is_time_doubted = false;

  struct Next {
    std::uint64_t number = 0;
    ObjectId id;
    std::chrono::sys_seconds time{};
    std::uint64_t dropped = 0;  // snapshots that no longer exist after it and others in its pack
    bool operator==(const Next&) const = default;
  };
  std::optional<Next> next = {};  // nullopt: it is the newest
  // The earliest time of all later commits.
  std::optional<std::chrono::sys_seconds> later = {};

  bool operator==(const PastCommit&) const = default;

  // Whether it is what was wanted, whatever later commits are added with a right clock.
  bool is(const WantedCommit& wanted) const;
};

// Chooses among the commits that were found and count. Those of one pack appeared together, so the
// last one stands for them. Of a time: the commit with the highest number that is not later.
// `store`: for messages. Fails with kNotFound, and kUsage if several ids begin as wanted.
PastCommit choose_commit(const FoundPacks& found, const WantedCommit& wanted, const Keys& keys,
                         const std::string& store);

// The parts of the chosen commit that a store no longer has.
struct PastLoss {
  std::vector<PackName> missing;  // packs that it needs
  // The same, but they are there. A right one in such a pack's place is not noticed by its name.
  std::vector<PackName> unreadable = {};
  std::vector<std::string> damage;  // a line each for these, and for gaps between earlier commits
  bool operator==(const PastLoss&) const = default;
};

// `found`: without what came later. `unreadable`: packs that could not be read, and why.
PastLoss find_loss(const FoundPacks& found,
                   const std::vector<std::pair<PackName, std::string>>& unreadable,
                   const Storage& storage);

}  // namespace store
