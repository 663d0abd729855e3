// What makes snapshots visible: the object that a commit's last pack ends with
// (docs/pack-format.md, "Commit").
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "store/format/crypto.h"
#include "store/format/object_id.h"
#include "store/format/pack.h"
#include "store/format/snapshot.h"

namespace store {

// All that is said of an account; an unchanged one names the root that it had.
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
  bool operator==(const SnapshotLine&) const = default;
};

// Whose living content lies elsewhere now.
struct CondemnedPack {
  PackName pack;
  std::chrono::sys_seconds since{};  // its file goes once this is long enough ago
  bool operator==(const CondemnedPack&) const = default;
};

struct Commit {
  // The lines that a writer puts into one; see also kMaxCommitLines.
  static constexpr std::size_t kMaxSnapshots = 20'000;

  std::uint64_t number = 0;  // from 1
  std::chrono::sys_seconds time{};
  ObjectId previous;            // the commit before; all zero for the first
  bool is_checkpoint = false;   // with those of its pack after it, it names all that lives
  std::vector<PackName> packs;  // published since the commit before it, and that commit's own
  std::vector<SnapshotLine> snapshots;
  std::vector<ObjectId> dropped;  // snapshots that are no more
  std::vector<CondemnedPack> condemned;
  bool operator==(const Commit&) const = default;

  base::Bytes encode() const;                  // fails with Unstorable
  static Commit decode(base::ByteView bytes);  // fails with kDamaged
};

// Fails with Unstorable unless a reader would read the line as it is: a commit has the lines of
// many accounts, so a bad one must not get into it.
void verify(const SnapshotLine& line);

// `first` and as many commits behind it as the lines need, each of which fits a block. They are
// committed together, in one pack.
std::vector<Commit> in_series(Commit first, const std::vector<SnapshotLine>& lines);

ObjectId snapshot_id(const Keys& keys, const SnapshotLine& line);
SnapshotInfo snapshot_info(const ObjectId& id, const SnapshotLine& line);

// What a snapshot consists of.
struct Root {
  std::vector<ObjectId> folders;  // in order
  std::vector<Property> properties;
  bool operator==(const Root&) const = default;

  base::Bytes encode() const;                // fails with Unstorable
  static Root decode(base::ByteView bytes);  // fails with kDamaged
};

}  // namespace store
