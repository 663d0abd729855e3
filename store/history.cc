#include "store/history.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <unordered_set>

#include "store/format/folder_object.h"
#include "store/index/uid_tree_difference.h"
#include "store/reader_impl.h"

namespace store {

namespace {

std::vector<HeldMessage> held(const std::vector<Identity>& identities) {
  std::vector<HeldMessage> messages;
  messages.reserve(identities.size());
  for (const Identity& identity : identities) {
    messages.push_back({.uid = identity.uid,
                        .message = identity.message,
                        .digest = identity.digest,
                        .internal_date = identity.internal_date,
                        .size = identity.size});
  }
  return messages;
}

// Removes pairs with equal content from both sides.
void cancel_equal_content(UidTreeDifference& difference) {
  std::map<MessageId, std::size_t> available;
  for (const Identity& identity : difference.only_newer) ++available[identity.message];
  std::map<MessageId, std::size_t> paired;
  std::erase_if(difference.only_older, [&](const Identity& identity) {
    const auto found = available.find(identity.message);
    if (found == available.end() || found->second == 0) return false;
    --found->second;
    ++paired[identity.message];
    return true;
  });
  std::erase_if(difference.only_newer, [&](const Identity& identity) {
    const auto found = paired.find(identity.message);
    if (found == paired.end() || found->second == 0) return false;
    --found->second;
    return true;
  });
}

}  // namespace

class History {
 public:
  History(Reader& reader, const std::function<void(const FolderChange&)>& take)
      : impl_(*reader.impl_), take_(take) {}

  // The state that the next changes are compared with.
  void start_at(const SnapshotInfo& snapshot) {
    for (const ObjectId& id : impl_.root_of(snapshot).folders) {
      State state = load(id, snapshot);
      const std::string name = state.folder.info.raw_name;
      folders_.insert_or_assign(name, std::move(state));
    }
    last_ = snapshot;
  }

  void advance_to(const SnapshotInfo& snapshot) {
    std::map<std::string, State> found;
    for (const ObjectId& id : impl_.root_of(snapshot).folders) {
      const auto known = ids_.find(id);
      State state = known != ids_.end() ? known->second : load(id, snapshot);
      state.snapshot = snapshot;
      found.insert_or_assign(state.folder.info.raw_name, std::move(state));
    }
    std::map<std::string, State> next;
    std::map<std::string, State> fresh;
    for (auto& [name, state] : found) {
      const auto before = folders_.find(name);
      if (before == folders_.end()) {
        fresh.insert_or_assign(name, std::move(state));
      } else {
        next.insert_or_assign(name, stay(before->second, state));
        folders_.erase(before);
      }
    }
    Gone gone;
    for (auto at = folders_.begin(); at != folders_.end(); ++at) {
      if (const auto mark = mark_of(at->second)) gone.emplace(*mark, at);
    }
    for (auto& [name, state] : fresh) {
      if (!is_read(state.folder)) continue;  // it appears once it has been read
      appear(state, gone);
      next.insert_or_assign(name, std::move(state));
    }
    for (const auto& [name, state] : folders_) vanish(state, snapshot);
    folders_ = std::move(next);
    ids_.clear();
    for (const auto& [name, state] : folders_) ids_.insert_or_assign(state.id, state);
    last_ = snapshot;
  }

 private:
  struct State {
    ObjectId id;
    FolderObject folder;
    SnapshotInfo snapshot;  // the newest with this state
  };

  static bool is_read(const FolderObject& folder) {
    return is_known_in_full(folder.info.completeness);
  }

  State load(const ObjectId& id, const SnapshotInfo& snapshot) {
    return {.id = id,
            .folder = FolderObject::decode(impl_.objects.read_manifest(ObjectType::kFolder, id)),
            .snapshot = snapshot};
  }

  UidTreeDifference compare(const UidTreeRoot& older, const UidTreeRoot& newer) {
    const Index::LookUps look_ups(impl_.index);
    return difference(impl_.objects, ids_with(impl_.context.keys), older, newer);
  }

  // Returns the state to compare the next snapshot with.
  State stay(const State& before, const State& after) {
    if (!is_read(after.folder)) return before;
    if (before.id == after.id || before.folder.tree == after.folder.tree) return after;
    const bool same_generation = before.folder.info.uid_validity == after.folder.info.uid_validity;
    tell(same_generation ? FolderFate::kStayed : FolderFate::kRegenerated, &before, &after,
         after.snapshot);
    return after;
  }

  // The properties that a folder keeps when it is renamed: its MAILBOXID, or else its generation
  // and messages.
  using Mark = std::tuple<std::string, std::uint32_t, ObjectId>;
  // The folders of folders_ that are no longer there, in the order of their names if they have the
  // same mark.
  using Gone = std::multimap<Mark, std::map<std::string, State>::iterator>;

  // Returns nullopt for a folder that could be any.
  static std::optional<Mark> mark_of(const State& state) {
    const FolderInfo& info = state.folder.info;
    if (!info.mailbox_id.empty()) return Mark(info.mailbox_id, 0, {});
    if (info.uid_validity == 0 || state.folder.tree.messages == 0) return std::nullopt;
    return Mark("", info.uid_validity, state.folder.tree.identity);
  }

  void appear(const State& state, Gone& gone) {
    if (const auto mark = mark_of(state)) {
      const auto [first, last] = gone.equal_range(*mark);
      if (first != last) {
        tell(FolderFate::kRenamed, &first->second->second, &state, state.snapshot);
        folders_.erase(first->second);
        gone.erase(first);
        return;
      }
    }
    tell(FolderFate::kAppeared, nullptr, &state, state.snapshot);
  }

  void vanish(const State& state, const SnapshotInfo& after) {
    tell(FolderFate::kVanished, &state, nullptr, after);
  }

  void tell(FolderFate fate, const State* before, const State* after,
            const SnapshotInfo& snapshot) {
    UidTreeDifference changes = compare(before != nullptr ? before->folder.tree : UidTreeRoot{},
                                        after != nullptr ? after->folder.tree : UidTreeRoot{});
    if (fate == FolderFate::kRegenerated) cancel_equal_content(changes);
    const bool nothing = changes.only_older.empty() && changes.only_newer.empty();
    if (fate == FolderFate::kStayed && nothing) return;
    FolderChange change;
    change.fate = fate;
    change.before = before != nullptr ? before->snapshot : last_;
    change.after = snapshot;
    change.folder = after != nullptr ? after->folder.info : before->folder.info;
    change.vanished = held(changes.only_older);
    change.appeared = held(changes.only_newer);
    take_(change);
  }

  Reader::Impl& impl_;
  const std::function<void(const FolderChange&)>& take_;
  std::map<std::string, State> folders_;  // by raw name, as they were last read in full
  std::map<ObjectId, State> ids_;         // the same, by folder object
  SnapshotInfo last_;
};

void for_each_change(Reader& reader, std::string_view account,
                     const std::optional<SnapshotInfo>& start,
                     const std::function<void(const FolderChange&)>& take) {
  std::vector<SnapshotInfo> snapshots = reader.snapshots(account);
  std::erase_if(snapshots, [](const auto& info) { return info.kind != SnapshotKind::kBackup; });
  History history(reader, take);
  if (snapshots.empty()) return;
  auto next = std::next(snapshots.begin());
  if (start) {
    const auto later =
        std::ranges::upper_bound(snapshots, start->sequence, {}, &SnapshotInfo::sequence);
    next = std::max(next, later);
  }
  history.start_at(*std::prev(next));
  for (; next != snapshots.end(); ++next) history.advance_to(*next);
}

std::set<MessageId> held_anywhere(Reader& reader, const SnapshotInfo& snapshot,
                                  const std::set<MessageId>& messages) {
  std::set<MessageId> found;
  if (messages.empty()) return found;
  for (const FolderRecord& folder : reader.folders(snapshot)) {
    reader.for_each_message(folder, [&](const MessageEntry& entry) {
      if (messages.contains(entry.message)) found.insert(entry.message);
    });
  }
  return found;
}

}  // namespace store
