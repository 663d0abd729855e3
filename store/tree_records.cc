#include <algorithm>
#include <array>
#include <map>
#include <mutex>
#include <ranges>
#include <span>
#include <tuple>

#include <fmt/core.h>

#include "base/error.h"
#include "base/log.h"
#include "base/time_text.h"
#include "store/format/layout.h"
#include "store/format/right_version.h"
#include "store/keys/key_slot.h"
#include "store/sealed_tree.h"
#include "store/storage/storage.h"
#include "store/tree_note.h"
#include "store/tree_record.h"
#include "store/tree_version.h"

namespace store {

namespace {

using base::ErrorCode;
using base::fail;

constexpr std::size_t kIdSize = 16;  // bytes
// The versions that a restore leaves until later, in a storage whose requests are slow.
constexpr std::size_t kMaxVersionsUnderWay = 8;
constexpr std::chrono::seconds kPutInterval{10};
// Another host may put a record after two days of silence (store/tree_host.h).
constexpr std::chrono::hours kMaxAlone{1};

}  // namespace

class TreeRecords::Impl {
 public:
  Impl(base::FileSystem& file_system, const Location& where, BlockContext opened,
       const base::Clock& now)
      : files(file_system),
        clock(now),
        location(where),
        storage(storage_of(where, file_system)),
        context(std::move(opened)) {}

  struct Damage {
    TreeVersion version;
    ErrorCode code;
    std::string why;
  };

  // The result of a search for a tree's newest version.
  struct Found {
    std::optional<CountedTree> counted;
    bool is_older = false;        // than what this machine put last
    std::vector<Damage> damaged;  // versions that do not count, the newest first
  };

  // The versions of a tree's record, ascending.
  using Versions = std::vector<TreeVersion>;

  // Nullopt if the version is absent, which a listing does not know for certain: one that was
  // removed stays so, since that is how a tree ends. Fails like open_tree(), if the storage keeps
  // no bytes of this name that open.
  std::optional<CountedTree> read(const TreeVersion& version) const {
    try {
      return read_chosen(version);
    } catch (const base::Error& error) {
      const bool may_be_replaced =
          error.code() == ErrorCode::kDamaged || error.code() == ErrorCode::kConfig;
      const auto opens = [&](base::ByteView bytes) { return is_tree(context, version, bytes); };
      if (!may_be_replaced ||
          !choose_newest_version(*storage, version.name(), kMaxSealedTree, opens)) {
        throw;
      }
    }
    return read_chosen(version);
  }

  std::optional<CountedTree> read_chosen(const TreeVersion& version) const {
    const auto bytes = storage->get(version.name(), kMaxSealedTree);
    if (!bytes) return std::nullopt;
    return open_tree(context, version, *bytes);
  }

  // The newest version that can be read, with the later of the two expiries.
  //
  // A version that is damaged may have moved the expiry to later: an earlier one only counts with a
  // note, which knows every expiry that was put on this machine.
  Found find(const std::string& id, Versions versions) const {
    const TreeNote note = load_tree_note(files, location, id);
    // A listing may lack the newest version.
    if (versions.empty() || versions.back().number < note.counter) {
      versions.push_back({id, note.counter});
    }
    Found found;
    while (!versions.empty() && !found.counted) {
      const TreeVersion version = std::move(versions.back());
      versions.pop_back();
      try {
        found.counted = read(version);
      } catch (const base::Error& error) {
        if (error.code() == ErrorCode::kStorage) throw;
        found.damaged.push_back({version, error.code(), error.what()});
        if (error.code() == ErrorCode::kConfig) return found;  // written by a newer mailstow
        if (note.counter > 0 && error.code() == ErrorCode::kDamaged) continue;
        if (note.counter == 0) give_up(versions, found);
        return found;
      }
    }
    if (!found.counted) return found;
    TreeRecord& record = found.counted->record;
    found.is_older = found.counted->counter < note.counter;
    if (found.is_older) record.expires = std::max(record.expires, note.expires);
    return found;
  }

  static void give_up(const Versions& versions, Found& found) {
    for (const TreeVersion& version : versions | std::views::reverse) {
      found.damaged.push_back({version, ErrorCode::kDamaged,
                               "a newer version of this record is damaged, and may have moved its "
                               "expiry to later"});
    }
  }

  std::string describe(const Damage& damage) const {
    return fmt::format("{}: {}", storage->display_name(damage.version.name()), damage.why);
  }

  std::string describe_older(const TreeRecord& record) const {
    return fmt::format(
        "{}: an older record of this tree was put back: it is kept until the later expiry, {}",
        storage->display_name({kTreesArea, record.id}), base::shown_time(record.expires));
  }

  // The versions of all trees, and the keys that belong to no tree.
  std::map<std::string, Versions> list_versions(std::string_view prefix,
                                                std::vector<std::string>& foreign) const {
    std::map<std::string, Versions> trees;
    for (const std::string& key : storage->list(kTreesArea, prefix)) {
      const std::optional<TreeVersion> version = TreeVersion::parse(key);
      if (version) {
        trees[version->tree].push_back(*version);
      } else {
        foreign.push_back(key);
      }
    }
    return trees;
  }

  Versions list_versions(const std::string& id) const {
    std::vector<std::string> foreign;
    return list_versions(id, foreign)[id];
  }

  // The versions of a record that this process put.
  struct Own {
    Versions versions;  // those that are not removed
    // When the newest was put, or the id was new; nullopt: others may have been put since.
    std::optional<std::chrono::sys_seconds> put;
  };

  // Adds what is listed, since another process may have put the record meanwhile.
  Versions& known_versions(const std::string& id) {
    const Versions listed = list_versions(id);
    Versions& versions = known[id].versions;
    versions.insert(versions.end(), listed.begin(), listed.end());
    std::ranges::sort(versions);
    const auto repeated = std::ranges::unique(versions);
    versions.erase(repeated.begin(), repeated.end());
    return versions;
  }

  // Whether the newest version is this process's own, as far as this machine knows. Where listings
  // are never late, a look costs little, and not every put is noted.
  bool is_alone(const Own& own, const TreeNote& noted) const {
    if (storage->traits().lists_at_once || !own.put) return false;
    const std::uint64_t newest = own.versions.empty() ? 0 : own.versions.back().number;
    const auto age = clock.now_seconds() - *own.put;
    return noted.counter == newest && age >= std::chrono::seconds(0) && age < kMaxAlone;
  }

  // The highest number that the record had.
  std::uint64_t highest_number(const Versions& versions, const TreeNote& note) const {
    std::uint64_t highest = note.counter;
    for (const TreeVersion& version : versions) highest = std::max(highest, version.number);
    if (!versions.empty() && versions.front().number == 0) {
      try {
        if (const auto old = read(versions.front())) highest = std::max(highest, old->counter);
      } catch (const base::Error& error) {
        if (error.code() == ErrorCode::kStorage) throw;
        base::log_debug("{}", error.what());  // a newer version takes its place
      }
    }
    return highest;
  }

  // Returns false if the version exists: a listing lacked it, or the answer to an earlier attempt
  // was lost. `alone`: no other process may have put it, and this one has not tried.
  bool create(const TreeVersion& version, const TreeRecord& record, bool alone) {
    const base::Bytes bytes = seal_tree(context, record, version.number, clock.now_seconds());
    if (storage->traits().creates_once) {
      return storage->create(version.name(), bytes) == Created::kYes;
    }
    if (!alone && storage->size(version.name())) return false;
    storage->put(version.name(), bytes);
    return true;
  }

  void begin(const std::string& id) {
    const std::lock_guard lock(mutex);
    known[id] = {.versions = {}, .put = clock.now_seconds()};
  }

  bool is_put_due(const std::string& id) {
    const std::lock_guard lock(mutex);
    const Own& own = known[id];
    if (storage->traits().lists_at_once || own.versions.empty() || !own.put) return true;
    const auto age = clock.now_seconds() - *own.put;
    return age < std::chrono::seconds(0) || age >= kPutInterval;
  }

  void put(const TreeRecord& record) {
    const std::lock_guard lock(mutex);
    const TreeNote noted = load_tree_note(files, location, record.id);
    Own& own = known[record.id];
    Versions& versions = own.versions;
    const bool alone = is_alone(own, noted);
    own.put.reset();
    if (!alone) known_versions(record.id);
    std::uint64_t number = alone ? noted.counter : highest_number(versions, noted);
    do {
      if (number >= TreeVersion::kMaxNumber) {
        fail(ErrorCode::kDamaged, "write {}: it has the highest number: move it away",
             storage->display_name(versions.back().name()));
      }
      // If the call fails, it is unknown whether the version exists: the next put gets another
      // number.
      versions.push_back({record.id, ++number});
    } while (!create(versions.back(), record, alone));
    save_note(noted, {number, record.expires, static_cast<int>(record.state)}, record.id);
    own.put = clock.now_seconds();
    const bool is_under_way = record.state == TreeState::kRestoring;
    if (!alone || !is_under_way || versions.size() >= kMaxVersionsUnderWay) remove_older(versions);
  }

  // A run puts its record for every folder: a note takes two syncs, and only matters when something
  // changed on which a sweep depends, or when a listing may lack this version.
  void save_note(const TreeNote& noted, const TreeNote& note, const std::string& id) {
    const bool is_known =
        noted.counter > 0 && noted.expires == note.expires && noted.state == note.state;
    if (is_known && storage->traits().lists_at_once) return;
    try {
      save_tree_note(files, location, id, note);
    } catch (const base::Error& error) {
      base::log_warning("{}: an older record of this tree would not be noticed", error.what());
    }
  }

  // A version that can't be removed does no harm: it is not the newest. The next put tries again.
  void remove_older(Versions& versions) {
    const TreeVersion newest = versions.back();
    versions.pop_back();
    if (versions.empty()) return versions.push_back(newest);
    Versions left;
    try {
      for (const NotRemoved& not_removed : storage->remove(names_of(versions))) {
        base::log_debug("{}", not_removed.why);
        left.push_back(TreeVersion::parse(not_removed.name.key()).value());
      }
    } catch (const base::Error& error) {
      base::log_debug("{}", error.what());
      left = std::move(versions);
    }
    versions = std::move(left);
    versions.push_back(newest);
  }

  static std::vector<BlobName> names_of(std::span<const TreeVersion> versions) {
    std::vector<BlobName> names;
    for (const TreeVersion& version : versions) names.push_back(version.name());
    return names;
  }

  void remove_all(std::span<const TreeVersion> versions) {
    if (versions.empty()) return;
    for (const NotRemoved& left : storage->remove(names_of(versions))) {
      fail(ErrorCode::kIo, "remove the record of a tree: {}", left.why);
    }
  }

  // Those that a run that was killed may have left, and a late listing lacks: a removal of one that
  // is absent changes nothing.
  static void add_under_way(Versions& versions) {
    const TreeVersion newest = versions.back();
    versions.pop_back();
    for (std::uint64_t back = kMaxVersionsUnderWay; back > 0; --back) {
      if (back >= newest.number) continue;
      const auto is_it = [&](const TreeVersion& one) { return one.number == newest.number - back; };
      if (std::ranges::none_of(versions, is_it))
        versions.push_back({newest.tree, newest.number - back});
    }
    versions.push_back(newest);
  }

  // The newest version last: until then it counts, and afterwards nothing is left.
  bool remove(const std::string& id) {
    const std::lock_guard lock(mutex);
    Versions versions = known_versions(id);
    const TreeNote note = load_tree_note(files, location, id);
    const bool is_noted = !storage->traits().lists_at_once && note.counter > 0;
    if (is_noted && (versions.empty() || versions.back().number < note.counter)) {
      versions.push_back({id, note.counter});
    }
    if (versions.empty()) return false;
    if (!storage->traits().lists_at_once) add_under_way(versions);
    const std::span<const TreeVersion> all = versions;
    remove_all(all.first(all.size() - 1));
    remove_all(all.last(1));
    known.erase(id);
    return true;
  }

  base::FileSystem& files;
  const base::Clock& clock;
  Location location;
  std::shared_ptr<Storage> storage;
  BlockContext context;
  std::mutex mutex;  // guards the following, and the order of puts
  std::map<std::string, Own> known;
};

TreeRecords TreeRecords::open(const Location& location, base::FileSystem& files,
                              const base::Clock& clock) {
  return TreeRecords(std::make_unique<Impl>(files, location, open_keys(location, files), clock));
}

TreeRecords::TreeRecords(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
TreeRecords::TreeRecords(TreeRecords&&) noexcept = default;
TreeRecords& TreeRecords::operator=(TreeRecords&&) noexcept = default;
TreeRecords::~TreeRecords() = default;

std::string TreeRecords::new_id() {
  std::array<std::byte, kIdSize> bytes{};
  fill_random(bytes);
  return base::to_hex(bytes);
}

TreeRecords::Listing TreeRecords::list() const {
  Listing listing;
  std::vector<std::string> foreign;
  const auto trees = impl_->list_versions({}, foreign);
  for (const std::string& key : foreign) {
    listing.damaged.push_back(fmt::format("{}: it is not a tree record of mailstow",
                                          impl_->storage->display_name({kTreesArea, key})));
    listing.damaged_files.push_back(key);
  }
  for (const auto& [id, versions] : trees) {
    Impl::Found found = impl_->find(id, versions);
    for (const Impl::Damage& damage : found.damaged) {
      listing.damaged.push_back(impl_->describe(damage));
      if (damage.code == ErrorCode::kConfig) continue;  // this mailstow can't read it
      listing.damaged_files.push_back(damage.version.key());
    }
    if (!found.counted) continue;  // removed meanwhile, or damaged
    TreeRecord& record = found.counted->record;
    if (found.is_older) {
      listing.outdated.push_back(impl_->describe_older(record));
      listing.outdated_ids.push_back(id);
    }
    if (found.counted->written) listing.written[id] = *found.counted->written;
    listing.records.push_back(std::move(record));
  }
  std::ranges::sort(listing.records, {},
                    [](const TreeRecord& record) { return std::tie(record.created, record.id); });
  return listing;
}

std::optional<TreeRecord> TreeRecords::find(const std::string& id) const {
  if (!TreeVersion::is_tree_id(id)) return std::nullopt;
  Impl::Found found = impl_->find(id, impl_->list_versions(id));
  if (found.counted) return std::move(found.counted->record);
  if (found.damaged.empty()) return std::nullopt;
  throw base::Error(found.damaged.front().code, impl_->describe(found.damaged.front()));
}

void TreeRecords::put(const TreeRecord& record) {
  if (!TreeVersion::is_tree_id(record.id)) {
    fail(ErrorCode::kInternal, "write tree record: malformed id");
  }
  impl_->put(record);
}

void TreeRecords::begin(const std::string& id) {
  impl_->begin(id);
}

void TreeRecords::put_if_due(const TreeRecord& record) {
  if (impl_->is_put_due(record.id)) put(record);
}

bool TreeRecords::remove(const std::string& id) {
  if (!TreeVersion::is_tree_id(id) || !impl_->remove(id)) return false;
  try {
    remove_tree_note(impl_->files, impl_->location, id);
  } catch (const base::Error& error) {
    base::log_debug("{}", error.what());  // of a tree that is gone: it means nothing any more
  }
  return true;
}

}  // namespace store
