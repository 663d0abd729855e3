#include "restore/snapshot_changes.h"

#include <algorithm>
#include <map>
#include <utility>

#include "restore/selection.h"

namespace restore {

namespace {

// A message that only one of the two snapshots has in this folder under this UID.
struct Unpaired {
  std::string folder;
  std::size_t pair = 0;  // the number of the folder's pair: equal for both of its names
  std::uint32_t uid_validity = 0;
  store::FlaggedMessage held;
  bool is_paired = false;
};

class ChangeCollector {
 public:
  ChangeCollector(const store::SnapshotInfo& older, const store::SnapshotInfo& newer)
      : older_(older), newer_(newer) {}

  void take(const store::FolderDifference& difference) {
    const std::string before = difference.older ? shown_name(older_, *difference.older) : "";
    const std::string after = difference.newer ? shown_name(newer_, *difference.newer) : "";
    const std::string& name = difference.newer ? after : before;
    if (difference.fate != store::FolderFate::kStayed) {
      const bool is_renamed = difference.fate == store::FolderFate::kRenamed;
      changes_.folders.push_back({difference.fate, name, is_renamed ? before : ""});
    }
    if (difference.is_uncertain()) changes_.uncertain.push_back({name, before});
    for (const store::FlaggedMessage& each : difference.removed) {
      removed_.push_back({before, pairs_, difference.older->uid_validity, each});
    }
    for (const store::FlaggedMessage& each : difference.added) {
      added_.push_back({after, pairs_, difference.newer->uid_validity, each});
    }
    for (const store::ChangedFlags& each : difference.other_flags) {
      changes_.messages.push_back({.fate = MessageFate::kFlags,
                                   .folder = after,
                                   .uid_validity = difference.newer->uid_validity,
                                   .message = each.message,
                                   .flags = each.newer,
                                   .from_folder = before,
                                   .from_uid = each.message.uid,
                                   .from_flags = each.older});
    }
    ++pairs_;
  }

  SnapshotChanges finish() {
    // The first one is at the end of each list.
    for (std::size_t at = removed_.size(); at-- > 0;) {
      const store::MessageId& id = removed_[at].held.message.message;
      left_folder_[{id, removed_[at].pair}].push_back(at);
      left_[id].push_back(at);
    }
    for (const bool within_folder : {true, false}) {
      for (Unpaired& added : added_) {
        if (!added.is_paired) pair(added, within_folder);
      }
    }
    add_rest(added_, MessageFate::kAdded);
    std::ranges::stable_sort(changes_.messages, {}, &MessageChange::folder);
    add_rest(removed_, MessageFate::kRemoved);
    return std::move(changes_);
  }

 private:
  // The next one of the list without a partner; null if all have one.
  template <typename Key>
  Unpaired* next_of(std::map<Key, std::vector<std::size_t>>& lists, const Key& key) {
    const auto found = lists.find(key);
    if (found == lists.end()) return nullptr;
    std::vector<std::size_t>& list = found->second;
    while (!list.empty()) {
      Unpaired& next = removed_[list.back()];
      list.pop_back();
      if (!next.is_paired) return &next;
    }
    return nullptr;
  }

  void pair(Unpaired& added, bool within_folder) {
    const store::MessageId& id = added.held.message.message;
    Unpaired* const partner =
        within_folder ? next_of(left_folder_, {id, added.pair}) : next_of(left_, id);
    if (partner == nullptr) return;
    Unpaired& removed = *partner;
    added.is_paired = removed.is_paired = true;
    const bool is_moved = removed.pair != added.pair;
    if (!is_moved && removed.held.flags == added.held.flags) return;
    changes_.messages.push_back({.fate = is_moved ? MessageFate::kMoved : MessageFate::kFlags,
                                 .folder = added.folder,
                                 .uid_validity = added.uid_validity,
                                 .message = added.held.message,
                                 .flags = added.held.flags,
                                 .from_folder = removed.folder,
                                 .from_uid = removed.held.message.uid,
                                 .from_flags = removed.held.flags});
  }

  void add_rest(const std::vector<Unpaired>& rest, MessageFate fate) {
    for (const Unpaired& each : rest) {
      if (each.is_paired) continue;
      changes_.messages.push_back({.fate = fate,
                                   .folder = each.folder,
                                   .uid_validity = each.uid_validity,
                                   .message = each.held.message,
                                   .flags = each.held.flags,
                                   .from_folder = {},
                                   .from_uid = {},
                                   .from_flags = {}});
    }
  }

  const store::SnapshotInfo& older_;
  const store::SnapshotInfo& newer_;
  std::size_t pairs_ = 0;
  std::vector<Unpaired> removed_;
  std::vector<Unpaired> added_;
  // Indices into removed_, of those with this content, in this folder or in any.
  std::map<std::pair<store::MessageId, std::size_t>, std::vector<std::size_t>> left_folder_;
  std::map<store::MessageId, std::vector<std::size_t>> left_;
  SnapshotChanges changes_;
};

}  // namespace

std::string_view word(MessageFate fate) {
  switch (fate) {
    case MessageFate::kAdded:
      return "added";
    case MessageFate::kRemoved:
      return "removed";
    case MessageFate::kMoved:
      return "moved";
    case MessageFate::kFlags:
      return "flags";
  }
  return "flags";
}

SnapshotChanges find_changes(store::Reader& reader, const store::SnapshotInfo& older,
                             const store::SnapshotInfo& newer) {
  ChangeCollector collector(older, newer);
  store::for_each_difference(reader, older, newer, [&](const store::FolderDifference& difference) {
    collector.take(difference);
  });
  return collector.finish();
}

}  // namespace restore
