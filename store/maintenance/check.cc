#include "store/maintenance/check.h"

#include <algorithm>
#include <atomic>
#include <iterator>
#include <map>
#include <mutex>
#include <set>
#include <thread>
#include <unordered_map>
#include <unordered_set>

#include "base/error.h"
#include "base/log.h"
#include "base/stop_request.h"
#include "store/format/commit_branches.h"
#include "store/format/commit_chain.h"
#include "store/format/layout.h"
#include "store/index/catch_up.h"
#include "store/index/commit_log.h"
#include "store/index/commit_mark.h"
#include "store/index/forks.h"
#include "store/index/index.h"
#include "store/index/object_reader.h"
#include "store/index/reader_lock.h"
#include "store/index/unknown_packs.h"
#include "store/keys/key_slot.h"
#include "store/maintenance/caught_up_index.h"
#include "store/maintenance/pack_check.h"
#include "store/maintenance/record_check.h"
#include "store/maintenance/snapshot_walk.h"
#include "store/maintenance/waiting_packs.h"
#include "store/own_index.h"
#include "store/put_back.h"
#include "store/tree_record.h"

namespace store {

namespace {

constexpr unsigned kMaxReadingThreads = 4;

// Bytes of sealed manifests: where many small backups are kept, a tenth of the store and more.
constexpr std::uint64_t kKeptManifests = std::uint64_t{64} << 20;

// The snapshot as the commits describe it.
SnapshotInfo with_pin(const SnapshotLine& line, const ObjectId& id,
                      const std::map<ObjectId, std::chrono::sys_seconds>& pins) {
  SnapshotInfo info = snapshot_info(id, line);
  const auto pin = pins.find(id);
  if (pin != pins.end()) info.pinned_until = pin->second;
  return info;
}

Index open_index_to_check(const Location& location, base::FileSystem& files,
                          const BlockContext& context) {
  if (location.has_own_index) catch_up_own_index(location, files, context);
  return Index::open_read_only(index_file(location), context.store, use_of(location));
}

// As of an earlier commit, later ones do not exist.
void leave_out_after(std::uint64_t number, ListedRecords& records) {
  std::erase_if(records.commits,
                [&](const std::string& key) { return number_in_key(key).value_or(0) > number; });
}

class Check {
 public:
  Check(const Location& location, base::FileSystem& files, const CheckOptions& options)
      : location_(location),
        files_(files),
        options_(options),
        context_(open_keys(location, files)),
        index_(open_index_to_check(location, files, context_)),
        lock_(lock_for_reading(location, files, index_)),
        objects_(*storage_, context_, index_),
        waiting_(options.has_read) {
    objects_.read_first_from(manifests_);
  }

  CheckReport run() {
    add_damage(read_slots(*storage_of(location_, files_), &context_.store).damaged);
    add_damage(TreeRecords::open(location_, files_).list().damaged);
    // Before the index: a writer may commit at any time.
    load_mark();
    ListedRecords records = list_records(*storage_);
    const std::vector<std::string> listed = storage_->list(kPacksArea);
    const Index::Moment moment(index_);
    if (location_.is_past()) leave_out_after(index_.highest_commit().number, records);
    add_damage(index_.integrity());
    packs_ = index_.packs();
    note_changed_blobs();
    const Index::Totals totals = index_.totals();
    report_.packs = totals.packs;
    report_.pack_bytes = totals.pack_bytes;
    check_packs();
    check_commits();
    add_damage(check_records(*storage_, context_, index_, records));
    check_references();
    report_.messages = std::max(report_.messages, rebuilt_);
    find_places();
    if (!report_.is_intact() && !location_.is_past()) add_unknown_packs(listed);
    std::ranges::sort(report_.damage);
    const auto repeated = std::ranges::unique(report_.damage);
    report_.damage.erase(repeated.begin(), repeated.end());
    return std::move(report_);
  }

 private:
  void add_damage(const std::vector<std::string>& lines) {
    report_.damage.insert(report_.damage.end(), lines.begin(), lines.end());
  }

  // What was deleted or replaced behind the store's back; from here on, the first versions of these
  // are checked. As of an earlier commit, they are in any case, and a prune may have deleted them.
  void note_changed_blobs() {
    if (location_.is_past()) return;
    for (const ChangedBlob& blob :
         changed_blobs(*storage_, context_, {packs_.begin(), packs_.end()},
                       opened_by_key_of(location_, files_))) {
      report_.damage.push_back(describe_changed(blob, *storage_));
      storage_->choose_version(blob.name, blob.first);
    }
  }

  // These packs may contain what is missing. If nothing is damaged, they are leftovers of a crash.
  void add_unknown_packs(const std::vector<std::string>& listed) {
    for (const PackName& pack : unknown_packs(listed, index_)) {
      report_.damage.push_back(
          fmt::format("pack {}: the index does not know it: {}", pack.hex(), kReadInPacks));
    }
  }

  void load_mark() {
    if (location_.is_past()) return;
    try {
      mark_ = load_highest_commit(files_, location_, context_.store);
    } catch (const base::Error& error) {
      report_.damage.emplace_back(error.what());
    }
  }

  // Calls `work(index, number)` for every number below `count`, each thread with a connection of
  // its own.
  template <typename Work>
  void in_parallel(std::size_t count, Work work) {
    const unsigned wanted = options_.threads != 0 ? options_.threads
                                                  : std::clamp(std::thread::hardware_concurrency(),
                                                               1U, kMaxReadingThreads);
    std::atomic<std::size_t> next = 0;
    std::exception_ptr error;
    const auto run = [&] {
      try {
        Index index =
            Index::open_read_only(index_file(location_), context_.store, use_of(location_));
        for (std::size_t i = next++; i < count; i = next++) work(index, i);
      } catch (...) {
        const std::lock_guard lock(mutex_);
        error = std::current_exception();
        next = count;
      }
    };
    std::vector<std::thread> threads;
    for (unsigned i = 0; i < wanted && i < count; ++i) threads.emplace_back(run);
    for (std::thread& thread : threads) thread.join();
    if (error) std::rethrow_exception(error);
  }

  // Quickly or to the end, as the options say of this pack.
  CheckDepth depth_of(const PackName& name) const {
    if (options_.depth == CheckDepth::kQuick || options_.skip.contains(name)) {
      return CheckDepth::kQuick;
    }
    return options_.is_time_over && options_.is_time_over() ? CheckDepth::kQuick
                                                            : CheckDepth::kReadData;
  }

  void check_packs() {
    const auto last_read = [&](const PackName& name) {
      const auto found = options_.last_read.find(name);
      return found == options_.last_read.end() ? std::chrono::sys_seconds::min() : found->second;
    };
    std::ranges::stable_sort(packs_, {}, last_read);
    std::vector<std::vector<std::pair<ObjectId, Commit>>> commits(packs_.size());
    ReadingAllowance allowance;
    std::uint64_t done = 0;
    in_parallel(packs_.size(), [&](Index& index, std::size_t i) {
      base::stop_if_requested("check", "the packs read so far are recorded");
      const PackName& name = packs_[i];
      const CheckDepth depth = depth_of(name);
      PackFindings findings =
          PackCheck(*storage_, context_, index, allowance, manifests_).run(name, depth);
      const std::uint64_t size = index.size_of(name);
      const std::lock_guard lock(mutex_);
      commits[i] = std::move(findings.commits);
      if (depth == CheckDepth::kReadData) report_.bytes_read += size;
      add_findings(name, depth, std::move(findings));
      done += size;
      if (options_.progress) {
        options_.progress({.pack = name, .done_bytes = done, .total_bytes = report_.pack_bytes});
      }
    });
    divide(std::move(commits));
    waiting_.finish([&](const MessageElsewhere& message) { return is_intact(message); });
  }

  // `commits` of packs_.
  void divide(std::vector<std::vector<NamedCommit>> commits) {
    CommitLog log(*storage_, context_);
    std::vector<std::vector<CommitRecord>> forks = open_forks(log, index_);
    if (location_.is_past()) leave_out_later(forks, commits);
    for (const std::vector<CommitRecord>& fork : forks) {
      report_.damage.push_back(describe_fork(fork, *storage_));
    }
    for (std::size_t i = 0; i < packs_.size(); ++i) {
      std::vector<NamedCommit>& series = commits[i];
      const bool has_lost =
          !forks.empty() && !series.empty() && is_off_chain(series.front(), packs_[i], index_);
      if (has_lost && !makes_snapshots(series)) continue;
      std::ranges::move(series, std::back_inserter(has_lost ? losing_commits_ : commits_));
    }
  }

  // Packs that came later are in the index for objects that others have lost.
  void leave_out_later(std::vector<std::vector<CommitRecord>>& forks,
                       std::vector<std::vector<NamedCommit>>& commits) {
    const std::uint64_t highest = index_.highest_commit().number;
    std::erase_if(forks, [&](const auto& fork) { return fork.front().number > highest; });
    for (std::vector<NamedCommit>& series : commits) {
      if (!series.empty() && series.back().second.number > highest) series.clear();
    }
  }

  void add_findings(const PackName& name, CheckDepth depth, PackFindings findings) {
    add_damage(findings.damage);
    if (findings.is_damaged) report_.damaged_packs.insert(name);
    if (findings.is_newer) report_.newer_packs.insert(name);
    if (findings.has_no_trailer) without_trailer_.insert(name);
    for (const auto& [id, why] : findings.damaged_messages) add_damaged(id, why);
    if (findings.damage.empty()) waiting_.add_sound(name);
    if (depth != CheckDepth::kReadData) return;
    ++report_.packs_read;
    rebuilt_ += findings.messages;
    waiting_.add_read(name, findings.damage.empty() && findings.damaged_messages.empty(),
                      std::move(findings.elsewhere));
  }

  bool is_intact(const MessageElsewhere& message) {
    base::stop_if_requested("check", "the packs read so far are recorded");
    try {
      objects_.check_message(message.id.object, message.place);
      return true;
    } catch (const base::Error& error) {
      add_damaged(message.id, error.what());
      return false;
    }
  }

  // A message that two packs have keeps the same reason, whichever of them is read first.
  void add_damaged(const MessageId& id, const std::string& why) {
    const auto [known, is_new] = damaged_.emplace(id, why);
    if (!is_new) known->second = std::min(known->second, why);
  }

  void check_commits() {
    report_.commits = commits_.size();
    report_.highest = index_.highest_commit();
    add_damage(find_breaks(commits_, {packs_.begin(), packs_.end()}));
    const std::optional<ObjectId> same_number = index_.commit_id(mark_.number);
    if (mark_.number > 0 && same_number && *same_number != mark_.id) {
      report_.damage.push_back(
          fmt::format("commit {} differs from the one recorded", mark_.number));
    }
    if (mark_.number > report_.highest.number) {
      report_.damage.push_back(
          fmt::format("commit {} was made in the store, but the newest that can be found is {}",
                      mark_.number, report_.highest.number));
    }
    std::map<ObjectId, SnapshotLine> living = living_snapshots(commits_, context_.keys);
    living.merge(lines_of_losing(losing_commits_, commits_, context_.keys));
    std::map<ObjectId, std::chrono::sys_seconds> pins = living_pins(commits_);
    add_pins_of_losing(losing_commits_, pins);
    const bool lacks = lacks_commits();
    std::size_t found = 0;
    for (const std::string& account : index_.accounts()) {
      for (const SnapshotInfo& snapshot : index_.snapshots(account)) {
        const auto line = living.find(snapshot.id);
        if (line != living.end() && line->second.sequence == 0) {
          line->second.sequence = snapshot.sequence;  // the index numbers what older commits don't
        }
        if (line == living.end() || with_pin(line->second, snapshot.id, pins) != snapshot ||
            index_.root_of(snapshot.id) != line->second.root) {
          const bool may_be_lost = line == living.end() && lacks;
          report_.is_index_wrong = report_.is_index_wrong || !may_be_lost;
          report_.damage.push_back(
              fmt::format("snapshot {} of {}: {}", snapshot.id.hex(), account,
                          may_be_lost ? "its commit can't be read"
                                      : "it matches no commit: run mailstow-backupd reindex"));
          continue;
        }
        ++found;
        newest_first_.push_back({.account = account,
                                 .personal_prefix = snapshot.personal_prefix,
                                 .time = snapshot.time,
                                 .root = line->second.root});
      }
    }
    if (found < living.size()) {
      report_.is_index_wrong = true;
      report_.damage.emplace_back(
          "the index lacks snapshots that the packs have: run mailstow-backupd reindex");
    }
    report_.snapshots = found;
    std::ranges::sort(newest_first_, std::greater<>(), &Snapshot::time);
    // The index may have what is in the commits that can't be read.
    if (lacks) {
      report_.is_index_wrong = false;
    } else {
      check_extensions();
    }
  }

  void check_extensions() {
    const std::vector<Extension> living =
        merged(living_extensions(losing_commits_), living_extensions(commits_));
    if (index_.extensions() == living) return;
    report_.is_index_wrong = true;
    report_.damage.emplace_back(
        "the index's extensions are not those of the commits: run mailstow-backupd reindex");
  }

  // The index keeps what commits in missing packs say.
  bool lacks_commits() {
    std::set<ObjectId> read;
    for (const auto& [id, commit] : commits_) read.insert(id);
    return std::ranges::any_of(index_.commits(),
                               [&](const ObjectId& id) { return !read.contains(id); });
  }

  void check_references() {
    SnapshotWalk walk(
        objects_, context_.keys,
        [&](const FolderInfo&, const Identity& identity) {
          base::stop_if_requested("check", "the packs read so far are recorded");
          if (!messages_.insert(identity.message).second) return;
          check_message(identity.message);
        },
        [&](const std::string& why) { report_.damage.push_back(why); });
    // In the order in which their manifests are stored, night by night as backups write them or
    // account by account as prune does: any other order would read most blocks again and again.
    for (const ObjectId& root : roots_by_place()) walk.visit(root);
    report_.messages = messages_.size();
  }

  // Those that are missing come first.
  std::vector<ObjectId> roots_by_place() {
    std::vector<std::pair<ObjectPlace, ObjectId>> roots;
    roots.reserve(newest_first_.size());
    for (const Snapshot& snapshot : newest_first_) {
      roots.emplace_back(objects_.find(ObjectType::kRoot, snapshot.root).value_or(ObjectPlace()),
                         snapshot.root);
    }
    std::ranges::stable_sort(
        roots, {}, [](const auto& root) { return std::pair(root.first.block, root.first.start); });
    std::vector<ObjectId> sorted;
    sorted.reserve(roots.size());
    for (const auto& [place, id] : roots) sorted.push_back(id);
    return sorted;
  }

  void check_message(const MessageId& id) {
    const std::optional<ObjectPlace> place = objects_.find(ObjectType::kMessage, id.object);
    if (!place) {
      damaged_.emplace(id, "it is not in the store");
      return;
    }
    // Objects of a pack without a trailer are known to the index alone.
    if (without_trailer_.empty() || !without_trailer_.contains(index_.block(place->block).pack)) {
      return;
    }
    try {
      objects_.check_message(id.object, *place);
    } catch (const base::Error& error) {
      damaged_.emplace(id, error.what());
    }
  }

  void find_places() {
    constexpr std::size_t kMaxPlaces = 10;
    if (damaged_.empty()) return;
    std::unordered_map<MessageId, std::vector<MessagePlace>> places;
    const Snapshot* snapshot = nullptr;
    SnapshotWalk walk(
        objects_, context_.keys,
        [&](const FolderInfo& folder, const Identity& identity) {
          if (!damaged_.contains(identity.message)) return;
          std::vector<MessagePlace>& found = places[identity.message];
          if (found.size() == kMaxPlaces) return;
          found.push_back({.account = snapshot->account,
                           .raw_folder = folder.raw_name,
                           .uid = identity.uid,
                           .delimiter = folder.delimiter,
                           .personal_prefix = snapshot->personal_prefix});
        },
        [](const std::string&) {});
    for (const Snapshot& each : newest_first_) {
      snapshot = &each;
      walk.visit(each.root);
    }
    for (const auto& [id, why] : damaged_) {
      report_.damaged_messages.push_back({.id = id, .why = why, .places = places[id]});
    }
  }

  struct Snapshot {
    std::string account;
    std::string personal_prefix;
    std::chrono::sys_seconds time;
    ObjectId root;
  };

  const Location& location_;
  base::FileSystem& files_;
  std::shared_ptr<Storage> storage_ = storage_of(location_, files_);
  const CheckOptions& options_;
  BlockContext context_;
  Index index_;
  std::unique_ptr<base::FileLock> lock_;
  KeptBlocks manifests_{kKeptManifests};
  ObjectReader objects_;
  CheckReport report_;
  CommitMark mark_;
  std::vector<PackName> packs_;
  std::vector<NamedCommit> commits_;
  std::vector<NamedCommit> losing_commits_;  // of forks, as far as their snapshots count
  std::vector<Snapshot> newest_first_;
  std::unordered_set<MessageId> messages_;
  std::set<PackName> without_trailer_;
  WaitingPacks waiting_;
  std::map<MessageId, std::string> damaged_;
  std::uint64_t rebuilt_ = 0;  // messages
  std::mutex mutex_;           // guards the results of packs while threads run
};

// Whether there is a newer commit than this one. Brings the index up to date.
bool has_newer_commit(const Location& location, base::FileSystem& files, const CommitMark& commit) {
  const BlockContext context = open_keys(location, files);
  return open_index_to_check(location, files, context).highest_commit() != commit;
}

// No lock keeps the prunes of other hosts from deleting what they have moved elsewhere: what seems
// to be damaged after one is checked again, except packs that have been read.
CheckReport check_without_lock(const Location& location, base::FileSystem& files,
                               const CheckOptions& options) {
  constexpr unsigned kMaxChecks = 3;
  CheckOptions rest = options;
  std::set<Sha256> read;
  rest.has_read = [&](const Sha256& pack) {
    read.insert(pack);
    if (options.has_read) options.has_read(pack);
  };
  CheckReport report = Check(location, files, rest).run();
  for (unsigned count = 1; count < kMaxChecks; ++count) {
    if (report.is_intact() || !has_newer_commit(location, files, report.highest)) break;
    rest.skip.insert(read.begin(), read.end());
    CheckReport again = Check(location, files, rest).run();
    again.packs_read += report.packs_read;
    again.bytes_read += report.bytes_read;
    report = std::move(again);
  }
  return report;
}

// A killed writer may have published a commit that the index lacks.
CheckReport check_with_index(const Location& location, base::FileSystem& files,
                             const CheckOptions& options) {
  CheckReport report = Check(location, files, options).run();
  if (report.is_intact() || location.is_past()) return report;
  try {
    const BlockContext context = open_keys(location, files);
    const CommitMark highest = load_highest_commit(files, location, context.store);
    if (highest.number <= report.highest.number) return report;
    const CaughtUpIndex index(location, files, context);
    CheckReport again = Check(index.location(), files, options).run();
    if (!again.is_intact()) return report;
    base::log_info("the index lacks the last commit: the next backup adds it");
    return again;
  } catch (const base::Error&) {  // what was found with the index stays
  }
  return report;
}

}  // namespace

CheckReport check(const Location& location, base::FileSystem& files, const CheckOptions& options) {
  return location.has_own_index ? check_without_lock(location, files, options)
                                : check_with_index(location, files, options);
}

}  // namespace store
