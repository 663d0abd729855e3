#include "store/snapshot_difference.h"

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "base/ascii.h"
#include "store/format/crypto.h"
#include "store/format/folder_object.h"
#include "store/index/uid_tree_difference.h"
#include "store/reader_impl.h"

namespace store {

namespace {

bool is_absent_or_full(const std::optional<FolderInfo>& info) {
  return !info || is_known_in_full(info->completeness);
}

// INBOX in any case is one folder (RFC 9051, section 5.1).
std::string name_to_pair(const FolderInfo& info) {
  constexpr std::string_view kInboxName = "INBOX";
  return base::equal_ignoring_case(info.raw_name, kInboxName) ? std::string(kInboxName)
                                                              : info.raw_name;
}

HeldMessage held_message(const Identity& identity) {
  return {.uid = identity.uid,
          .message = identity.message,
          .digest = identity.digest,
          .internal_date = identity.internal_date,
          .size = identity.size};
}

std::vector<FlaggedMessage> flagged(std::vector<FlaggedIdentity>& identities) {
  std::vector<FlaggedMessage> messages;
  messages.reserve(identities.size());
  for (FlaggedIdentity& each : identities) {
    messages.push_back({held_message(each.identity), std::move(each.flags)});
  }
  return messages;
}

}  // namespace

bool FolderDifference::is_uncertain() const {
  return !is_absent_or_full(older) || !is_absent_or_full(newer);
}

class SnapshotComparison {
 public:
  SnapshotComparison(Reader& reader, const SnapshotInfo& older, const SnapshotInfo& newer)
      : impl_(*reader.impl_),
        is_one_snapshot_(older.id == newer.id),
        older_(load(older)),
        newer_(load(newer)) {
    pair_by_mailbox_id();
    pair_by_name();
    pair_by_content();
  }

  void for_each(const std::function<void(const FolderDifference&)>& take) {
    for (std::size_t at = 0; at < newer_.size(); ++at) {
      const auto found = pairs_.find(at);
      compare(found != pairs_.end() ? &older_[found->second] : nullptr, &newer_[at], take);
    }
    for (std::size_t at = 0; at < older_.size(); ++at) {
      if (!paired_.contains(at)) compare(&older_[at], nullptr, take);
    }
  }

 private:
  struct Side {
    ObjectId id;
    FolderObject folder;
  };

  std::vector<Side> load(const SnapshotInfo& snapshot) {
    std::vector<Side> sides;
    for (const ObjectId& id : impl_.root_of(snapshot).folders) {
      sides.push_back(
          {id, FolderObject::decode(impl_.objects.read_manifest(ObjectType::kFolder, id))});
    }
    return sides;
  }

  void pair(std::size_t newer, std::size_t older) {
    pairs_.insert_or_assign(newer, older);
    paired_.insert(older);
  }

  // The folders by MAILBOXID, without those whose ID several folders have.
  static std::map<std::string, std::size_t> by_mailbox_id(const std::vector<Side>& sides) {
    std::map<std::string, std::size_t> unique;
    std::set<std::string> repeated;
    for (std::size_t at = 0; at < sides.size(); ++at) {
      const std::string& id = sides[at].folder.info.mailbox_id;
      if (!id.empty() && !unique.try_emplace(id, at).second) repeated.insert(id);
    }
    for (const std::string& id : repeated) unique.erase(id);
    return unique;
  }

  void pair_by_mailbox_id() {
    const auto older = by_mailbox_id(older_);
    for (const auto& [id, at] : by_mailbox_id(newer_)) {
      const auto found = older.find(id);
      if (found != older.end()) pair(at, found->second);
    }
  }

  void pair_by_name() {
    std::map<std::string, std::size_t> names;
    for (std::size_t at = 0; at < older_.size(); ++at) {
      if (!paired_.contains(at)) names.try_emplace(name_to_pair(older_[at].folder.info), at);
    }
    for (std::size_t at = 0; at < newer_.size(); ++at) {
      const auto found = names.find(name_to_pair(newer_[at].folder.info));
      if (!pairs_.contains(at) && found != names.end()) pair(at, found->second);
    }
  }

  // Only where the server reported no MAILBOXID.
  static bool may_pair_by_content(const FolderObject& folder) {
    return folder.info.mailbox_id.empty() && folder.info.uid_validity != 0 &&
           folder.tree.messages > 0;
  }

  void pair_by_content() {
    using Content = std::pair<std::uint32_t, ObjectId>;  // UIDVALIDITY, all messages
    std::map<Content, std::size_t> contents;
    for (std::size_t at = 0; at < older_.size(); ++at) {
      const FolderObject& folder = older_[at].folder;
      if (paired_.contains(at) || !may_pair_by_content(folder)) continue;
      contents.try_emplace({folder.info.uid_validity, folder.tree.identity}, at);
    }
    for (std::size_t at = 0; at < newer_.size(); ++at) {
      const FolderObject& folder = newer_[at].folder;
      if (pairs_.contains(at) || !may_pair_by_content(folder)) continue;
      const auto found = contents.find({folder.info.uid_validity, folder.tree.identity});
      if (found != contents.end() && !paired_.contains(found->second)) pair(at, found->second);
    }
  }

  // Two folders of one name can have the same UIDVALIDITY: some servers make it from the time. A
  // server that begins to report MAILBOXIDs replaces no folder.
  static bool is_replaced(const FolderInfo& before, const FolderInfo& after) {
    const bool have_ids = !before.mailbox_id.empty() && !after.mailbox_id.empty();
    return before.uid_validity != after.uid_validity ||
           (have_ids && before.mailbox_id != after.mailbox_id);
  }

  static FolderFate fate_of(const Side* older, const Side* newer) {
    if (older == nullptr) return FolderFate::kAppeared;
    if (newer == nullptr) return FolderFate::kVanished;
    const FolderInfo& before = older->folder.info;
    const FolderInfo& after = newer->folder.info;
    if (name_to_pair(before) != name_to_pair(after)) return FolderFate::kRenamed;
    return is_replaced(before, after) ? FolderFate::kRegenerated : FolderFate::kStayed;
  }

  void compare(const Side* older, const Side* newer,
               const std::function<void(const FolderDifference&)>& take) {
    if (is_one_snapshot_) return;
    FolderDifference result;
    result.fate = fate_of(older, newer);
    if (older != nullptr) result.older = older->folder.info;
    if (newer != nullptr) result.newer = newer->folder.info;
    const bool is_equal_record = older != nullptr && newer != nullptr && older->id == newer->id;
    if (is_equal_record && !result.is_uncertain()) return;
    FlaggedDifference changes =
        flagged_difference(impl_.objects, ids_with(impl_.context.keys),
                           older != nullptr ? older->folder.tree : UidTreeRoot{},
                           newer != nullptr ? newer->folder.tree : UidTreeRoot{});
    result.removed = flagged(changes.only_older);
    result.added = flagged(changes.only_newer);
    for (FlagDifference& each : changes.other_flags) {
      result.other_flags.push_back(
          {held_message(each.identity), std::move(each.older), std::move(each.newer)});
    }
    const bool is_equal =
        result.removed.empty() && result.added.empty() && result.other_flags.empty();
    if (result.fate == FolderFate::kStayed && is_equal && !result.is_uncertain()) return;
    take(result);
  }

  Reader::Impl& impl_;
  bool is_one_snapshot_;
  std::vector<Side> older_;
  std::vector<Side> newer_;
  std::map<std::size_t, std::size_t> pairs_;  // newer to older
  std::set<std::size_t> paired_;              // of the older ones
};

void for_each_difference(Reader& reader, const SnapshotInfo& older, const SnapshotInfo& newer,
                         const std::function<void(const FolderDifference&)>& take) {
  SnapshotComparison(reader, older, newer).for_each(take);
}

}  // namespace store
