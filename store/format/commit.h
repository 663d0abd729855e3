// A commit makes snapshots visible: it is the object at the end of a commit's last pack
// (docs/pack-format.md, "Commit").
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "store/format/crypto.h"
#include "store/format/extension.h"
#include "store/format/object_id.h"
#include "store/format/pack.h"
#include "store/format/snapshot.h"

namespace store {

// Everything a commit records of an account; an unchanged account names the root that it had.
struct SnapshotLine {
  std::string account;
  std::chrono::sys_seconds time{};
  SnapshotKind kind = SnapshotKind::kBackup;
  SnapshotStatus status = SnapshotStatus::kComplete;
  std::string personal_prefix;
  std::uint64_t folders = 0;
  std::uint64_t messages = 0;
  std::uint64_t bytes = 0;
  std::uint64_t vanished = 0;
  ObjectId root;
  std::uint64_t sequence = 0;  // SnapshotInfo::sequence; 0: an older mailstow wrote the line
  bool operator==(const SnapshotLine&) const = default;
};

// A pack whose live content has been copied to other packs.
struct CondemnedPack {
  PackName pack;
  std::chrono::sys_seconds since{};  // its file is deleted once this is long enough ago
  bool operator==(const CondemnedPack&) const = default;
};

// CondemnedPack::since of a damaged pack that a repair replaced: no prune deletes it.
inline constexpr std::chrono::sys_seconds kNeverDeleted{
    std::chrono::seconds(253'402'300'799)};  // the end of the year 9999

// CondemnedPack::since of a pack that was condemned while the clock may have been behind: the first
// prune with a clock that is right begins its grace period, as for any time in the future.
inline constexpr std::chrono::sys_seconds kGraceNotBegun = kNeverDeleted - std::chrono::days(365);

// Keeps a snapshot from being dropped.
struct Pin {
  ObjectId snapshot;
  std::chrono::sys_seconds until{};  // kPinnedWithoutEnd: for ever; 1970: it is no longer pinned
  bool operator==(const Pin&) const = default;
};

struct Commit {
  // The most lines that a writer puts into one commit; see also kMaxCommitLines.
  static constexpr std::size_t kMaxSnapshots = 20'000;

  std::uint64_t number = 0;  // from 1
  std::chrono::sys_seconds time{};
  ObjectId previous;  // the previous commit; all zero for the first
  // A checkpoint, together with the commits after it in its pack, names everything that is live.
  bool is_checkpoint = false;
  std::vector<PackName> packs;  // published since the previous commit, and that commit's own pack
  std::vector<SnapshotLine> snapshots;
  std::vector<ObjectId> dropped;  // snapshots that no longer exist
  std::vector<CondemnedPack> condemned;
  std::vector<Pin> pins;  // each replaces an earlier pin of the same snapshot
  // A sequence that new snapshots must exceed: a dropped account had it, and a later account may
  // have the same name. 0: there is no such account. A later commit does not lower it.
  std::uint64_t used_up = 0;
  std::vector<Extension> extensions;  // each replaces an earlier one with the same tag and name
  bool operator==(const Commit&) const = default;

  base::Bytes encode() const;  // fails with Unstorable
  // Fails with kDamaged, or kConfig if a newer version of mailstow wrote it.
  static Commit decode(base::ByteView bytes);
};

// Fails with Unstorable unless a reader would read the line back unchanged: a commit has many
// accounts' lines, so a bad one must not get into it.
void verify(const SnapshotLine& line);

// Returns `first` and as many further commits as the lines need, each of which fits a block. They
// are committed together, in one pack.
std::vector<Commit> in_series(Commit first, const std::vector<SnapshotLine>& lines);

ObjectId snapshot_id(const Keys& keys, const SnapshotLine& line);

// What the two have in common. A pin is no part of a line.
SnapshotInfo snapshot_info(const ObjectId& id, const SnapshotLine& line);
SnapshotLine snapshot_line(const SnapshotInfo& info, const ObjectId& root);

// The content of a snapshot.
struct Root {
  std::vector<ObjectId> folders;  // in order
  std::vector<Property> properties;
  bool operator==(const Root&) const = default;

  base::Bytes encode() const;                // fails with Unstorable
  static Root decode(base::ByteView bytes);  // fails with kDamaged
};

}  // namespace store
