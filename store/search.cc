#include "store/search.h"

#include <algorithm>
#include <functional>
#include <map>
#include <numeric>
#include <set>
#include <tuple>
#include <type_traits>
#include <unordered_set>
#include <utility>

#include <fmt/core.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/log.h"
#include "base/terminal.h"
#include "store/folder_draft.h"
#include "store/format/crypto.h"
#include "store/format/folder_object.h"
#include "store/index/uid_nodes.h"
#include "store/known_groups.h"
#include "store/reader_impl.h"
#include "store/search_candidates.h"

namespace store {

class Search {
 public:
  // Whether it uses what the search index knows of groups of leaves, or reads all leaves.
  enum class Groups { kUse, kIgnore };

  Search(Reader& reader, const Query& query, const SearchScope& scope, Groups groups)
      : reader_(reader),
        impl_(*reader.impl_),
        query_(query),
        scope_(scope),
        uses_groups_(groups == Groups::kUse),
        reads_states_(groups == Groups::kIgnore),
        index_(open_index(impl_)) {}

  // nullopt: a message was found, but can't be read; only with Groups::kUse.
  std::optional<SearchResult> run() {
    // The snapshots are searched even if no message in the store can match: another account's may
    // match, and the damage that this search reports and the time it takes must not show that.
    snapshots_ =
        scope_.snapshot ? std::vector{*scope_.snapshot} : reader_.snapshots(scope_.account);
    std::ranges::reverse(snapshots_);
    const Index::LookUps look_ups(impl_.index);
    const SearchIndex::LookUps search_look_ups(index_);
    for (std::uint32_t number = 0; number < snapshots_.size(); ++number) visit_snapshot(number);
    consider_known();
    keep_newest();
    try {
      describe_all();
    } catch (const base::Error& error) {
      if (reads_states_ || !base::is_unreadable(error.code())) throw;
      base::log_debug("all leaves are searched: {}", error.what());
      return std::nullopt;
    }
    return std::move(result_);
  }

 private:
  // A folder in one generation, under one name.
  struct Place {
    std::string shown;
    std::string mark;  // distinguishes places of the same UIDVALIDITY in a cursor
    std::uint32_t uid_validity = 0;
    bool is_selected = true;                 // whether folder: selects it
    std::unordered_set<ObjectId> seen = {};  // nodes already visited
  };

  struct Match {
    std::optional<std::chrono::sys_seconds> date;  // nullopt: unknown
    std::uint64_t key = 0;
    std::uint32_t place = 0;
    std::uint32_t uid = 0;
    std::uint32_t snapshot = 0;

    auto identity() const { return std::tuple(place, uid, key); }
    auto identity_newest_first() const { return std::tuple(place, uid, key, snapshot); }
  };

  // A group of leaves of which the search index knows the messages.
  struct KnownGroup {
    std::uint32_t snapshot = 0;
    std::uint32_t place = 0;
    bool is_branch = false;
    unsigned shift = 0;
    std::uint64_t base = 0;
    std::uint64_t messages = 0;
    ObjectId identity;

    UidNode node() const {
      UidNode node;
      node.base = base;
      node.shift = shift;
      node.is_branch = is_branch;
      node.messages = messages;
      node.identity = identity;
      return node;
    }
  };

  struct KnownOfGroup {
    std::int64_t row = 0;  // in the search index
    base::Uid uid;
    std::uint32_t group = 0;
  };

  using FolderOfSnapshot = std::pair<std::uint32_t, std::uint32_t>;  // place, snapshot

  static SearchIndex open_index(const Reader::Impl& impl) {
    std::optional<SearchIndex> index = SearchIndex::open_read_only(impl.search_file);
    if (!index && impl.is_past) {
      base::fail(base::ErrorCode::kNotFound,
                 "search: the index as of this commit has no search index: mailstow-backupd "
                 "reindex --as-of makes it");
    }
    if (!index && impl.has_own_index) {
      base::fail(base::ErrorCode::kNotFound,
                 "search: an index that only readers use (store.own_index) has no search index: "
                 "search on the machine that backs up");
    }
    if (!index) {
      base::fail(
          base::ErrorCode::kNotFound,
          "search: there is no search index {} of this version: the next backup builds it, and so "
          "does mailstow-backupd reindex",
          impl.search_file.string());
    }
    return std::move(*index);
  }

  // Reports unreadable data once; the rest is still searched.
  template <typename Work>
  void tolerate_damage(const Work& work) {
    if (std::string why = base::why_unreadable(work); !why.empty()) {
      result_.damage.push_back(std::move(why));
    }
  }

  void visit_snapshot(std::uint32_t number) {
    tolerate_damage([&] {
      for (const ObjectId& folder : impl_.root_of(snapshots_[number]).folders) {
        // Folders change less often than snapshots are taken.
        if (seen_folders_.insert(folder).second) {
          tolerate_damage([&] { visit_folder(number, folder); });
        }
      }
    });
  }

  void visit_folder(std::uint32_t number, const ObjectId& id) {
    const FolderObject folder =
        FolderObject::decode(impl_.objects.read_manifest(ObjectType::kFolder, id));
    if (folder.tree.messages == 0) return;
    const std::uint32_t place = place_of(snapshots_[number], folder.info);
    if (!places_[place].is_selected) return;
    folder_ids_.insert_or_assign({place, number}, folder.record(id));
    visit_node(number, place, *root_node(folder.tree));
  }

  std::uint32_t place_of(const SnapshotInfo& snapshot, const FolderInfo& info) {
    const auto [found, is_new] = place_numbers_.try_emplace(
        {info.raw_name, info.uid_validity}, static_cast<std::uint32_t>(places_.size()));
    if (is_new) {
      constexpr std::size_t kMark = 8;
      Place place{.shown = scope_.shown_name(snapshot, info),
                  .mark = sha256(base::as_bytes(info.raw_name)).hex().substr(0, kMark),
                  .uid_validity = info.uid_validity};
      place.is_selected = query_.matches_folder(place.shown);
      places_.push_back(std::move(place));
    }
    return found->second;
  }

  void visit_node(std::uint32_t number, std::uint32_t place, UidNode& node) {
    if (!places_[place].seen.insert(node.identity).second) return;
    tolerate_damage([&] {
      if (note_group(number, place, node)) return;
      if (node.is_branch) {
        read_branch(node);
        for (const auto& child : node.children) visit_node(number, place, *child);
        return;
      }
      for (const Identity& identity :
           read_identities(impl_.objects, ids_with(impl_.context.keys), node)) {
        consider(number, place, identity);
      }
    });
  }

  // With the states, a branch that describe() could not read is reported here.
  void read_branch(UidNode& branch) {
    if (reads_states_) return read_children(impl_.objects, branch);
    const auto known =
        known_to_index([&] { return find_known_branch(index_, impl_.context.keys, branch); });
    read_children_from(known, impl_.objects, branch);
  }

  // Looks a node up in the search index; finds nothing if that can't be read.
  template <typename Find>
  std::invoke_result_t<Find> known_to_index(const Find& find) {
    if (!uses_groups_) return {};
    try {
      return find();
    } catch (const base::Error& error) {
      base::log_debug("the leaves are searched instead: {}", error.what());
      uses_groups_ = false;
      return {};
    }
  }

  void consider(std::uint32_t number, std::uint32_t place, const Identity& identity) {
    if (!candidates_) candidates_.emplace(index_, query_);
    const SearchCandidates::Verdict verdict = candidates_->look_up(identity.message.object);
    if (verdict.matches) add_match(number, place, identity, verdict.date);
  }

  // `date`: of the Date field.
  void add_match(std::uint32_t number, std::uint32_t place, const Identity& identity,
                 std::optional<std::chrono::sys_seconds> date) {
    if (!date && identity.internal_date) date = identity.internal_date->instant;
    add_match({.date = date,
               .key = message_key(identity.message.object),
               .place = place,
               .uid = identity.uid.value,
               .snapshot = number});
  }

  void add_match(const Match& match) {
    if (!match.date || query_.matches_time(*match.date)) matches_.push_back(match);
  }

  // Returns false if the node must be read.
  bool note_group(std::uint32_t number, std::uint32_t place, const UidNode& node) {
    if (!node.may_be_group()) return false;
    const auto messages = known_to_index([&] { return index_.find_group(node.identity); });
    if (!messages || messages->size() != node.messages) return false;
    for (const KnownMessage& message : *messages) {
      known_.push_back({message.row, message.uid, static_cast<std::uint32_t>(groups_.size())});
    }
    groups_.push_back({.snapshot = number,
                       .place = place,
                       .is_branch = node.is_branch,
                       .shift = node.shift,
                       .base = node.base,
                       .messages = node.messages,
                       .identity = node.identity});
    return true;
  }

  // Leaves are read only for messages without a Date field, which have the folder's date.
  void consider_known() {
    const std::int64_t last = index_.last_row();  // a damaged index may have any row
    std::erase_if(known_, [&](const KnownOfGroup& known) { return known.row > last; });
    if (known_.empty()) return;
    const auto [least, greatest] = std::ranges::minmax(known_, {}, &KnownOfGroup::row);
    const SearchRows rows(index_, query_, least.row, greatest.row);
    std::erase_if(known_, [&](const KnownOfGroup& known) { return !rows.match(known.row); });
    std::map<std::uint32_t, std::vector<base::Uid>> undated;  // by group
    for_each_known([&](const KnownOfGroup& known, const EnvelopeRow& envelope) {
      if (!envelope.date) {
        undated[known.group].push_back(known.uid);
        return;
      }
      const KnownGroup& group = groups_[known.group];
      add_match({.date = envelope.date,
                 .key = envelope.key,
                 .place = group.place,
                 .uid = known.uid.value,
                 .snapshot = group.snapshot});
    });
    for (auto& [number, uids] : undated) {
      std::ranges::sort(uids);
      UidNode node = groups_[number].node();
      read_matches(groups_[number], node, uids);
    }
  }

  // Reading all rows between the first and the last one is faster than looking for each of many.
  void for_each_known(const std::function<void(const KnownOfGroup&, const EnvelopeRow&)>& take) {
    constexpr std::size_t kDense = 4;
    if (known_.empty()) return;
    std::ranges::sort(known_, {}, &KnownOfGroup::row);
    auto next = known_.begin();
    const auto take_row = [&](const EnvelopeRow& envelope) {
      for (; next != known_.end() && next->row == envelope.row; ++next) take(*next, envelope);
    };
    const auto range = static_cast<std::size_t>(known_.back().row - known_.front().row) + 1;
    if (known_.size() >= range / kDense) {
      index_.for_each_between(known_.front().row, known_.back().row, take_row);
      return;
    }
    while (next != known_.end()) {
      const auto envelope = index_.row(next->row);
      if (envelope) {
        take_row(*envelope);
      } else {
        ++next;
      }
    }
  }

  // Adds those with these UIDs, which the query's words match.
  void read_matches(const KnownGroup& group, UidNode& node, const std::vector<base::Uid>& uids) {
    tolerate_damage([&] {
      if (node.is_branch) {
        read_branch(node);
        for (const auto& child : node.children) {
          if (covers_any(*child, uids)) read_matches(group, *child, uids);
        }
        return;
      }
      // Groups come from the newest snapshot to the oldest.
      if (!read_leaves_.emplace(group.place, node.identity).second) return;
      for (const Identity& identity :
           read_identities(impl_.objects, ids_with(impl_.context.keys), node)) {
        if (!std::ranges::binary_search(uids, identity.uid)) continue;
        add_match(group.snapshot, group.place, identity, std::nullopt);
      }
    });
  }

  // Keeps each message once, as in the newest snapshot that contains it; if there are too many,
  // those with the newest dates.
  void keep_newest() {
    std::ranges::sort(matches_, {}, &Match::identity_newest_first);
    const auto repeated = std::ranges::unique(matches_, {}, &Match::identity);
    matches_.erase(repeated.begin(), repeated.end());
    result_.total = matches_.size();
    if (query_.has_times()) {
      result_.undated = static_cast<std::uint64_t>(
          std::ranges::count_if(matches_, [](const Match& match) { return !match.date; }));
    }
    drop_earlier_pages();
    const std::size_t kept = std::min(scope_.most, matches_.size());
    result_.has_more = matches_.size() > kept;
    std::ranges::partial_sort(matches_, matches_.begin() + static_cast<std::ptrdiff_t>(kept),
                              precedes);
    matches_.resize(kept);
  }

  static bool precedes(const Match& a, const Match& b) {
    return std::tuple(b.date, a.identity()) < std::tuple(a.date, b.identity());
  }

  std::string cursor_of(const Match& match) const {
    const Place& place = places_[match.place];
    return fmt::format("{:016x}.{}.{}.{}", match.key, place.uid_validity, match.uid, place.mark);
  }

  void drop_earlier_pages() {
    if (scope_.after.empty()) return;
    const auto found = std::ranges::find_if(
        matches_, [&](const Match& match) { return cursor_of(match) == scope_.after; });
    if (found == matches_.end()) {
      base::fail(base::ErrorCode::kNotFound, "--after {}: the list has no such entry",
                 base::escape_for_terminal(scope_.after));
    }
    const Match last = *found;
    std::erase_if(matches_, [&](const Match& match) { return !precedes(last, match); });
  }

  // In the order of the folders, because a folder keeps only a few of its leaves decoded: in the
  // order of dates each message would decode one.
  void describe_all() {
    std::vector<std::size_t> order(matches_.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::ranges::sort(order, {}, [&](std::size_t i) {
      return std::tuple(matches_[i].place, matches_[i].snapshot, matches_[i].uid);
    });
    result_.messages.resize(matches_.size());
    for (const std::size_t i : order) result_.messages[i] = describe(matches_[i]);
  }

  FoundMessage describe(const Match& match) {
    FolderDraft& folder = folder_of({match.place, match.snapshot});
    FoundMessage found{.account = scope_.account,
                       .folder = places_[match.place].shown,
                       .uid_validity = places_[match.place].uid_validity,
                       .entry = folder.find({match.uid}).value_or(MessageEntry{}),
                       .digest = folder.digest({match.uid}).value_or(Sha256{}),
                       .date = std::nullopt,
                       .envelope = {},
                       .snapshot = snapshots_[match.snapshot],
                       .cursor = cursor_of(match)};
    if (match.date) found.date = base::ZonedTime{*match.date};
    if (const auto row = index_.find(found.entry.message.object)) {
      found.envelope = index_.envelope(*row);
    }
    return found;
  }

  FolderDraft& folder_of(const FolderOfSnapshot& key) {
    const auto found = opened_.find(key);
    if (found != opened_.end()) return found->second;
    return opened_.try_emplace(key, reader_, folder_ids_.at(key)).first->second;
  }

  Reader& reader_;
  Reader::Impl& impl_;
  const Query& query_;
  const SearchScope& scope_;
  bool uses_groups_ = true;
  bool reads_states_ = false;  // of branches
  SearchIndex index_;
  std::optional<SearchCandidates> candidates_;  // for leaves that are read
  std::vector<SnapshotInfo> snapshots_;         // newest first
  std::vector<Place> places_;
  std::map<std::pair<std::string, std::uint32_t>, std::uint32_t> place_numbers_;
  std::unordered_set<ObjectId> seen_folders_;
  std::map<FolderOfSnapshot, FolderRecord> folder_ids_;
  std::map<FolderOfSnapshot, FolderDraft> opened_;
  std::vector<KnownGroup> groups_;
  std::vector<KnownOfGroup> known_;                           // the messages of groups_
  std::set<std::pair<std::uint32_t, ObjectId>> read_leaves_;  // by read_matches(), with places
  std::vector<Match> matches_;
  SearchResult result_;
};

SearchResult search(Reader& reader, const Query& query, const SearchScope& scope) {
  if (auto result = Search(reader, query, scope, Search::Groups::kUse).run()) {
    return *std::move(result);
  }
  // Then it is reported like all data that can't be searched.
  return Search(reader, query, scope, Search::Groups::kIgnore).run().value();
}

class Envelopes::Impl {
 public:
  explicit Impl(const base::Path& file) : index(SearchIndex::open_read_only(file)) {}

  std::optional<SearchIndex> index;
};

Envelopes::Envelopes(Reader& reader) : impl_(std::make_unique<Impl>(reader.impl_->search_file)) {}
Envelopes::Envelopes(Envelopes&&) noexcept = default;
Envelopes::~Envelopes() = default;

bool Envelopes::are_known() const {
  return impl_->index.has_value();
}

Envelope Envelopes::of(const MessageId& message) {
  if (!impl_->index) return {};
  const auto row = impl_->index->find(message.object);
  return row ? impl_->index->envelope(*row) : Envelope();
}

}  // namespace store
