#include "store/maintenance/amendment.h"

#include "base/error.h"
#include "store/folder_draft_impl.h"
#include "store/index/uid_nodes.h"

namespace store {

namespace {

constexpr const char* kReason = "it is damaged in the store: the next backup will fetch it again";

}  // namespace

Amendment::Amendment(WriteSession& session, ObjectReader& objects,
                     std::function<bool(const MessageId&)> is_damaged)
    : session_(session), objects_(objects), is_damaged_(std::move(is_damaged)) {}

std::optional<Root> Amendment::read_root(const ObjectId& id) {
  try {
    return Root::decode(objects_.read_manifest(ObjectType::kRoot, id));
  } catch (const base::Error& error) {
    if (error.code() != base::ErrorCode::kDamaged) throw;
    return std::nullopt;
  }
}

std::optional<SnapshotLine> Amendment::amend(const std::vector<SnapshotLine>& newest_first) {
  std::optional<Root> found;
  std::size_t place = 0;
  for (; place < newest_first.size(); ++place) {
    found = read_root(newest_first[place].root);
    if (found) break;
  }
  if (!found) return std::nullopt;
  const Root& root = *found;
  SnapshotLine line = newest_first[place];
  line.time = newest_first.front().time;
  line.status = SnapshotStatus::kPartial;
  line.folders = line.messages = line.bytes = line.vanished = 0;
  Root amended{.folders = {}, .properties = root.properties};
  for (const ObjectId& id : root.folders) {
    const std::optional<ObjectId> folder = amend_folder(id, line);
    if (folder) amended.folders.push_back(*folder);
  }
  if (amended == root && place == 0) return std::nullopt;
  line.folders = amended.folders.size();
  line.root = session_.put(ObjectType::kRoot, amended.encode());
  return line;
}

std::optional<ObjectId> Amendment::amend_folder(const ObjectId& id, SnapshotLine& line) {
  FolderObject folder;
  try {
    folder = FolderObject::decode(objects_.read_manifest(ObjectType::kFolder, id));
  } catch (const base::Error& error) {
    if (error.code() != base::ErrorCode::kDamaged) throw;
    return std::nullopt;
  }
  bool is_whole = true;
  is_whole = for_each(folder,
                      [&](const Identity& identity, const State&, const FlagSets&) {
                        if (is_damaged_(identity.message)) is_whole = false;
                      }) &&
             is_whole;
  if (!is_whole) return write_folder(folder, line);
  line.messages += folder.tree.messages;
  line.bytes += folder.tree.bytes;
  return id;
}

ObjectId Amendment::write_folder(const FolderObject& folder, SnapshotLine& line) {
  FolderDraft::Impl draft(folder.info);
  const bool all_read =
      for_each(folder, [&](const Identity& identity, const State& state, const FlagSets& sets) {
        if (is_damaged_(identity.message)) {
          draft.info.skipped.push_back({.uid = identity.uid, .reason = kReason});
          ++messages_;
          return;
        }
        draft.tree.put(identity, {.flags = draft.tree.flag_sets().number(sets.flags(state.flags)),
                                  .modseq = state.modseq});
      });
  // Some UIDs are unknown now: the folder is not complete.
  if (!all_read && draft.info.completeness == FolderCompleteness::kComplete) {
    draft.info.completeness = FolderCompleteness::kInProgress;
  }
  const FolderRecord record =
      draft.seal([&](ObjectType type, base::ByteView bytes) { return session_.put(type, bytes); },
                 ids_with(session_.context().keys));
  line.messages += record.receipt.messages;
  line.bytes += record.bytes;
  return record.id;
}

bool Amendment::for_each(const FolderObject& folder, const Take& take) {
  if (folder.tree.messages == 0) return true;
  return visit(*root_node(folder.tree), take);
}

bool Amendment::visit(UidNode& node, const Take& take) {
  std::vector<Identity> identities;
  std::vector<State> states;
  FlagSets sets;
  try {
    if (node.is_branch) {
      read_children(objects_, node);
    } else {
      identities = read_identities(objects_, ids_with(session_.context().keys), node);
      states = read_states(objects_, node, sets);
      if (states.size() != identities.size()) return false;
    }
  } catch (const base::Error& error) {
    if (error.code() != base::ErrorCode::kDamaged) throw;
    return false;
  }
  for (std::size_t i = 0; i < identities.size(); ++i) take(identities[i], states[i], sets);
  bool is_whole = true;
  for (const auto& child : node.children) is_whole = visit(*child, take) && is_whole;
  return is_whole;
}

}  // namespace store
