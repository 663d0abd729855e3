#include "store/message_places.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <ranges>
#include <set>
#include <tuple>
#include <unordered_map>
#include <utility>

#include "base/error.h"
#include "base/id_text.h"
#include "store/folder_draft.h"
#include "store/format/folder_object.h"
#include "store/index/uid_nodes.h"
#include "store/known_groups.h"
#include "store/reader_impl.h"

namespace store {

class MessageFinder {
 public:
  MessageFinder(Reader& reader, const std::string& digits)
      : reader_(reader),
        impl_(*reader.impl_),
        digits_(digits),
        groups_(impl_.search_file, impl_.context.keys) {
    collect_candidates();
    groups_.look_for_ids_beginning(digits);
  }

  std::optional<MessagePlaces> find(std::string_view account, PlacesWanted wanted) {
    std::vector<SnapshotInfo> snapshots = reader_.snapshots(account);
    // A whole id, or digits that one message in the store begins with, can't be ambiguous.
    const bool is_unique =
        digits_.size() == base::kIdDigits || (!is_by_id_ && candidates_.size() == 1);
    is_one_enough_ = wanted == PlacesWanted::kOne && is_unique;
    const Index::LookUps look_ups(impl_.index);
    for (const SnapshotInfo& snapshot : std::views::reverse(snapshots)) {
      visit(snapshot);
      if (has_enough()) break;
    }
    if (found_.size() > 1) {
      base::fail(base::ErrorCode::kUsage,
                 "message {}: several ids begin with these digits: give more digits", digits_);
    }
    if (places_.empty() && !damage_.empty()) {
      base::fail(base::ErrorCode::kDamaged, "message {}: not found, and not all could be read: {}",
                 digits_, damage_.front());
    }
    if (places_.empty()) return std::nullopt;
    std::ranges::reverse(holders_);
    std::ranges::reverse(unsearched_);
    return MessagePlaces{.message = *found_.begin(),
                         .places = std::move(places_),
                         .snapshots = std::move(holders_),
                         .unsearched = std::move(unsearched_),
                         .damage = std::move(damage_)};
  }

 private:
  struct Hit {
    MessageId message;
    base::Uid uid;
  };
  using Hits = std::vector<Hit>;

  struct NodeHits {
    Hits hits;
    bool is_whole = true;  // all below was read
  };

  struct Folder {
    FolderRecord record;
    Hits hits;
    bool is_whole = true;
  };

  using Place = std::tuple<std::string, std::uint32_t, base::Uid>;  // name, UIDVALIDITY, UID

  void collect_candidates() {
    constexpr std::size_t kMaxCandidates = 100;
    candidates_ = impl_.index.messages_beginning(digits_, kMaxCandidates);
    is_by_id_ = candidates_.empty() || candidates_.size() == kMaxCandidates;
    has_digests_ = is_by_id_;
  }

  // Comparing the digests of candidates is faster than computing the ids of all messages. Those
  // that are damaged or lost are found by their ids. Done once a leaf has to be read: another
  // account's message takes the time of one that does not exist.
  void collect_digests() {
    if (has_digests_) return;
    has_digests_ = true;
    for (const ObjectId& id : candidates_) {
      if (is_by_id_) return;
      try {
        digests_.insert_or_assign(reader_.digest({id}), MessageId{id});
      } catch (const base::Error&) {
        is_by_id_ = true;
      }
    }
  }

  bool has_enough() const { return is_one_enough_ && !places_.empty(); }

  void visit(const SnapshotInfo& snapshot) {
    bool has_it = false;
    is_whole_ = true;
    tolerate_damage([&] {
      for (const ObjectId& id : impl_.root_of(snapshot).folders) {
        if (has_enough()) return;
        tolerate_damage([&] {
          const Folder& folder = folder_of(id);
          is_whole_ = is_whole_ && folder.is_whole;
          for (const Hit& hit : folder.hits) note(snapshot, folder, hit);
          has_it = has_it || !folder.hits.empty();
        });
      }
    });
    if (has_it) holders_.push_back(snapshot);
    if (!has_it && !is_whole_) unsearched_.push_back(snapshot);
  }

  // Reports unreadable data once; the rest is still searched.
  template <typename Work>
  void tolerate_damage(const Work& work) {
    std::string why = base::why_unreadable(work);
    if (why.empty()) return;
    is_whole_ = false;
    if (std::ranges::find(damage_, why) == damage_.end()) damage_.push_back(std::move(why));
  }

  const Folder& folder_of(const ObjectId& id) {
    const auto known = folders_.find(id);
    if (known != folders_.end()) return known->second;
    const FolderObject object =
        FolderObject::decode(impl_.objects.read_manifest(ObjectType::kFolder, id));
    Folder folder;
    if (object.tree.messages > 0) {
      NodeHits found = hits_below(*root_node(object.tree));
      folder.hits = std::move(found.hits);
      folder.is_whole = found.is_whole;
    }
    if (!folder.hits.empty()) folder.record = object.record(id);
    return folders_.insert_or_assign(id, std::move(folder)).first->second;
  }

  NodeHits hits_below(UidNode& node) {
    const auto known = nodes_.find(node.identity);
    if (known != nodes_.end()) return known->second;
    NodeHits found{.hits = {}, .is_whole = false};
    tolerate_damage([&] {
      const auto holders = groups_.holders(node);
      if (holders && holders->empty()) {
        found.is_whole = true;
        return;
      }
      if (!node.is_branch) {
        found.hits = hits_in(impl_.objects.read_manifest(ObjectType::kIdentityLeaf, node.identity));
        found.is_whole = true;
        return;
      }
      groups_.read_children(impl_.objects, node);
      found.is_whole = true;
      for (const auto& child : node.children) {
        if (holders && !covers_any(*child, *holders)) continue;
        const NodeHits below = hits_below(*child);
        found.is_whole = found.is_whole && below.is_whole;
        std::ranges::copy(below.hits, std::back_inserter(found.hits));
        if (is_one_enough_ && !found.hits.empty()) return;
      }
    });
    return nodes_.insert_or_assign(node.identity, std::move(found)).first->second;
  }

  Hits hits_in(base::ByteView leaf) {
    collect_digests();
    Hits hits;
    if (!is_by_id_) {
      for (const Identity& identity : decode_identities_without_ids(leaf)) {
        const auto wanted = digests_.find(identity.digest);
        if (wanted != digests_.end()) hits.push_back({wanted->second, identity.uid});
      }
      return hits;
    }
    for (const Identity& identity : decode_identities(leaf, ids_with(impl_.context.keys))) {
      if (identity.message.object.hex().starts_with(digits_)) {
        hits.push_back({identity.message, identity.uid});
      }
    }
    return hits;
  }

  // Snapshots come from the newest to the oldest.
  void note(const SnapshotInfo& snapshot, const Folder& folder, const Hit& hit) {
    found_.insert(hit.message);
    const FolderInfo& info = folder.record.info;
    const auto [known, is_new] = place_numbers_.try_emplace(
        Place{info.raw_name, info.uid_validity, hit.uid}, places_.size());
    if (is_new) {
      places_.push_back(
          {.first = {},
           .last = snapshot,
           .snapshots = 0,
           .folder = info,
           .entry = {.uid = hit.uid, .message = hit.message, .internal_date = {}, .flags = {}}});
      if (!is_one_enough_) describe(places_.back(), folder.record);
    }
    HeldPlace& place = places_[known->second];
    place.first = snapshot;
    ++place.snapshots;
  }

  void describe(HeldPlace& place, const FolderRecord& folder) {
    tolerate_damage([&] {
      auto entry = FolderDraft(reader_, folder).find(place.entry.uid);
      if (entry) place.entry = *std::move(entry);
    });
  }

  Reader& reader_;
  Reader::Impl& impl_;
  std::string digits_;
  KnownGroups groups_;
  std::vector<ObjectId> candidates_;  // among all messages of the store
  bool is_by_id_ = false;             // the ids of leaves' messages are compared, not the digests
  bool has_digests_ = false;
  bool is_one_enough_ = false;           // the search ends with the first place
  std::map<Sha256, MessageId> digests_;  // of the candidates
  std::unordered_map<ObjectId, Folder> folders_;
  std::unordered_map<ObjectId, NodeHits> nodes_;
  std::map<Place, std::size_t> place_numbers_;
  std::set<MessageId> found_;
  std::vector<HeldPlace> places_;
  std::vector<SnapshotInfo> holders_;
  std::vector<SnapshotInfo> unsearched_;
  bool is_whole_ = true;  // all of the snapshot that is visited was read
  std::vector<std::string> damage_;
};

std::optional<MessagePlaces> find_message(Reader& reader, std::string_view account,
                                          const std::string& digits, PlacesWanted wanted) {
  return MessageFinder(reader, digits).find(account, wanted);
}

}  // namespace store
