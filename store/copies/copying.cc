#include "store/copies/copying.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

#include <fmt/format.h>

#include "base/error.h"
#include "base/log.h"
#include "base/stop_request.h"
#include "store/copies/commit_steps.h"
#include "store/copies/copied_commits.h"
#include "store/copies/copied_packs.h"
#include "store/copies/copy_guard.h"
#include "store/copies/copy_records.h"
#include "store/copies/pack_transfer.h"
#include "store/format/layout.h"
#include "store/index/commit_log.h"
#include "store/index/index.h"
#include "store/index/read_commits.h"
#include "store/index/reader_lock.h"
#include "store/keys/key_slot.h"
#include "store/own_index.h"
#include "store/put_back.h"

namespace store {

namespace {

using base::ErrorCode;
using base::fail;

// Less than the time between two prunes of different nights.
constexpr std::chrono::hours kDayOfDrops{20};

// The store at one moment.
struct StoreState {
  CommitMark highest;
  std::vector<CommitStep> steps;
  std::vector<PackName> packs;      // that commits name and none condemns, and the newest commit's
  std::uint64_t missing_bytes = 0;  // of packs that no listing of the copy shows
};

LivingSnapshots living_after(const std::vector<NamedCommit>& commits, const Keys& keys) {
  LivingSnapshots living = living_snapshots(commits, keys);
  number_lines(living, line_places(commits, keys));
  return living;
}

bool drops_anything(const NamedCommit& named) {
  return named.second.is_checkpoint || !named.second.dropped.empty();
}

// Whether these commits name all snapshots that were made before.
bool have_all_snapshots(const std::vector<NamedCommit>& commits) {
  return std::ranges::any_of(commits, [](const NamedCommit& named) {
    return named.second.is_checkpoint || named.second.number == 1;
  });
}

// The packs that must be there before the one with these commits.
std::vector<PackName> packs_before(const std::vector<NamedCommit>& commits,
                                   const PackName& holding) {
  std::vector<PackName> packs;
  std::set<PackName> seen{holding};
  for (const auto& [id, commit] : commits) {
    for (const PackName& pack : commit.packs) {
      if (seen.insert(pack).second) packs.push_back(pack);
    }
  }
  return packs;
}

// Writes again what was replaced in the copy behind its back, and records that were deleted: packs
// that were are sent again. Returns findings. Only of a copy of this store.
std::vector<std::string> put_back_replaced(Storage& copy, const BlockContext& context) {
  std::vector<std::string> findings;
  if (!copy.keeps_versions()) return findings;
  std::set<PackName> listed;
  for (const std::string& key : copy.list(kPacksArea)) {
    if (const std::optional<PackName> name = pack_name(key)) listed.insert(*name);
  }
  require_right_clock(copy, "copy to " + copy.display_name());
  const auto opens = [](const KeySlot&) { return false; };  // those of the store are sent again
  for (const ChangedBlob& blob : changed_blobs(copy, context, listed, opens)) {
    const std::string trouble = put_back(copy, blob);
    findings.push_back(fmt::format("{}: it was {} in the storage: {}", copy.display_name(blob.name),
                                   blob.is_removed ? "deleted" : "replaced",
                                   trouble.empty() ? "its first version was put back" : trouble));
  }
  return findings;
}

class Copying {
 public:
  Copying(Storage& store, Storage& copy, const BlockContext& context, const CopyingOptions& options)
      : store_(store),
        copy_(copy),
        context_(context),
        options_(options),
        accepted_slots_(options.accepted_slots),
        records_(store, copy, context),
        put_back_(put_back_replaced(copy, context)),
        copied_(copy, context),
        packs_(copy, copied_.newest().number == 0) {
    if (copied_.newest_record()) packs_.add_read(copied_.newest_record()->pack);
  }

  CopyingReport run(Index& index) {
    state_ = read_state(index);
    require_same_history(index);
    std::ranges::move(put_back_, std::back_inserter(report_.damage));
    report_.vanished_slots = records_.vanished_slots();
    follow();
    if (copied_.newest().number == state_.highest.number) send_missing_packs();
    // Without a commit the copy is not a store yet.
    if (copied_.newest().number > 0 || state_.steps.empty()) {
      records_.send_slots();
      records_.send_owner_records();
      records_.send_tree_records();
    }
    report_.newest = copied_.newest();
    report_.newest_time = copied_.newest_time();
    report_.commits_behind = state_.highest.number - report_.newest.number;
    report_.records = records_.sent();
    std::ranges::copy(records_.damage(), std::back_inserter(report_.damage));
    return std::move(report_);
  }

 private:
  // Commits of this run that drop snapshots, within a day by their times.
  struct Day {
    std::chrono::sys_seconds time{};  // of the first of them
    LivingSnapshots before;           // those of the copy before it
  };

  struct Next {
    std::size_t at = 0;  // of state_.steps
    std::vector<NamedCommit> commits;
  };

  StoreState read_state(Index& index) {
    const Index::Moment moment(index);
    StoreState state;
    state.highest = index.highest_commit();
    state.steps = steps_after(store_, context_, index, copied_.newest());
    std::set<PackName> not_named;
    for (const PackName& pack : index.packs_not_listed()) not_named.insert(pack);
    // No later commit lists the pack of the newest one.
    if (!state.steps.empty()) {
      not_named.erase(state.steps.back().pack);
    } else if (const auto& newest = copied_.newest_record()) {
      not_named.erase(newest->pack);
    }
    for (const PackName& pack : index.packs()) {
      if (not_named.contains(pack)) continue;
      state.packs.push_back(pack);
      if (!packs_.is_listed(pack)) state.missing_bytes += index.size_of(pack);
    }
    return state;
  }

  void require_same_history(Index& index) {
    const CommitMark newest = copied_.newest();
    if (newest.number == 0) return;
    if (newest.number > state_.highest.number) {
      fail(ErrorCode::kDamaged,
           "copy to {}: it has commit {}, and the store's newest is {}: the store was put back to "
           "an older state, or the copy was written to as a store: see \"An older state\" in "
           "docs/recovery.md",
           copy_.display_name(), newest.number, state_.highest.number);
    }
    const std::optional<ObjectId> known = index.commit_id(newest.number);
    bool is_other = known && *known != newest.id;
    if (!known) {
      const auto records = CommitLog(store_, context_).of(copied_.newest_record()->number);
      is_other = !records.empty() && std::ranges::none_of(records, [&](const CommitRecord& record) {
        return record.is_same_commit(*copied_.newest_record());
      });
    }
    if (!is_other) return;
    fail(ErrorCode::kDamaged,
         "copy to {}: its commit {} differs from the store's: both were written to since: name "
         "another place for the copy, and keep this one until you know which one is right",
         copy_.display_name(), newest.number);
  }

  void follow() {
    for (std::size_t at = 0; at < state_.steps.size();) {
      const std::optional<Next> next = choose(at);
      if (!next) {
        report_.damage.push_back(trouble_);
        return;
      }
      const CommitStep& step = state_.steps[next->at];
      if (!may_follow(step, next->commits)) return carry_over(next->at);
      const std::vector<PackName> packs = packs_before(next->commits, step.pack);
      look_for(packs, step.pack, next->commits);
      const bool was_there = has(step.pack);
      if (!send_all(packs) || !send(step.pack)) continue;
      if (was_there && !can_read_in_copy(step)) return carry_over(next->at);
      publish(step, next->commits);
      at = next->at + 1;
    }
  }

  // The first commit from there on that the copy can follow now: the next one, or, if a pack that
  // it needs is gone, a checkpoint that does without it. Nullopt: trouble_ has the reason.
  std::optional<Next> choose(std::size_t from) {
    trouble_.clear();
    const auto note = [&](const CommitStep& step, const std::string& why) {
      if (!trouble_.empty()) return;
      trouble_ = fmt::format("commit {} can't be copied: {}", step.last, why);
    };
    for (std::size_t at = from; at < state_.steps.size(); ++at) {
      const CommitStep& step = state_.steps[at];
      std::string why;
      std::vector<NamedCommit> commits = read_step(step, why);
      if (why.empty() && !follows(step) && !commits.front().second.is_checkpoint) {
        why = fmt::format("it does not follow commit {}", copied_.newest().number);
      }
      if (why.empty()) why = find_gap(packs_before(commits, step.pack));
      if (why.empty()) return Next{.at = at, .commits = std::move(commits)};
      note(step, why);
    }
    return std::nullopt;
  }

  // Looks for those by name that the copy has not relied on before. A checkpoint names all packs.
  void look_for(const std::vector<PackName>& packs, const PackName& holding,
                const std::vector<NamedCommit>& commits) {
    std::set<PackName> relied_on;
    if (copied_.newest().number > 0 && commits.front().second.is_checkpoint) {
      for (const auto& [id, commit] : copied_.since_checkpoint()) {
        relied_on.insert(commit.packs.begin(), commit.packs.end());
      }
    }
    for (const PackName& pack : packs) {
      if (packs_.is_listed(pack) && !relied_on.contains(pack)) packs_.is_there(pack);
    }
    if (packs_.is_listed(holding)) packs_.is_there(holding);
  }

  // A pack that was sent earlier counts by its name, but without its commits the copy can't be
  // opened at this one.
  bool can_read_in_copy(const CommitStep& step) {
    const CommitRecord record{.number = step.first,
                              .last = step.last,
                              .commit = step.commit,
                              .previous = step.previous,
                              .pack = step.pack,
                              .epoch = 0,
                              .host = {},
                              .random = {}};
    if (copied_.read_pack(record)) return true;
    report_.damage.push_back(
        fmt::format("pack {}: it can't be read: remove it there, and copy again",
                    copy_.display_name(blob_of(step.pack))));
    return false;
  }

  bool follows(const CommitStep& step) const {
    return step.previous == copied_.newest().id && step.first == copied_.newest().number + 1;
  }

  // The commits of a step, from the store or else from the copy. `why`: they can't be read.
  std::vector<NamedCommit> read_step(const CommitStep& step, std::string& why) {
    std::vector<NamedCommit> commits;
    if (const auto found = unusable_.find(step.pack); found != unusable_.end()) {
      why = found->second;
      return commits;
    }
    for (Storage* const storage : {&store_, &copy_}) {
      try {
        Decompressor decompressor;
        PackFile file = PackFile::open(*storage, step.pack);
        const Pack pack = file.read_trailer(context_, step.pack, decompressor);
        commits = read_commits(file, pack, context_, decompressor);
        if (!commits.empty() && commits.back().first == step.commit) {
          why.clear();
          return commits;
        }
        why = fmt::format("pack {}: it does not have the commit", file.name());
      } catch (const base::Error& error) {
        if (error.code() != ErrorCode::kDamaged && error.code() != ErrorCode::kIo) throw;
        if (why.empty()) why = error.what();
      }
      if (!has(step.pack)) break;
    }
    return {};
  }

  // Why one of them can't be in the copy, or "".
  std::string find_gap(const std::vector<PackName>& packs) {
    for (const PackName& pack : packs) {
      if (has(pack)) continue;
      if (const auto found = unusable_.find(pack); found != unusable_.end()) return found->second;
      if (!may_be_in_store(pack)) return missing_pack(store_, pack);
    }
    return "";
  }

  // A pack that is listed, and was removed, is found out when it is to be sent.
  bool may_be_in_store(const PackName& pack) {
    if (!listed_in_store_) {
      listed_in_store_.emplace();
      for (const std::string& key : store_.list(kPacksArea)) {
        if (const std::optional<PackName> name = pack_name(key)) listed_in_store_->insert(*name);
      }
    }
    return listed_in_store_->contains(pack) || store_.size(blob_of(pack)).has_value();
  }

  bool may_follow(const CommitStep& step, const std::vector<NamedCommit>& commits) {
    if (copied_.newest().number == 0) return true;
    if (std::ranges::none_of(commits, drops_anything)) return true;
    std::vector<NamedCommit> all = copied_.since_checkpoint();
    const bool are_known = have_all_snapshots(all);
    const LivingSnapshots before = living_after(all, context_.keys);
    std::ranges::copy(commits, std::back_inserter(all));
    const LivingSnapshots after = living_after(all, context_.keys);
    std::vector<std::string> reasons = reasons_to_hold(before, after);
    bool is_together = false;
    if (reasons.empty()) {
      reasons = reasons_of_the_day(commits.back().second.time, before, after);
      if (reasons.empty() && !report_.has_accepted) reasons = options_.held_together;
      is_together = !reasons.empty();
    }
    if (!are_known) {
      reasons.emplace_back(
          "what it drops is unknown, because earlier commits of the copy can't be read");
    }
    for (const std::string& slot : report_.vanished_slots) {
      if (accepted_slots_.contains(slot)) continue;
      reasons.push_back(fmt::format("the store no longer has the key {}", slot));
    }
    if (reasons.empty()) return true;
    if (!options_.accept.empty() && step.commit.hex().starts_with(options_.accept)) {
      report_.has_accepted = true;
      accepted_slots_ = report_.vanished_slots;
      day_.reset();
      return true;
    }
    report_.held = {
        .commit = step.mark(), .reasons = std::move(reasons), .is_together = is_together};
    return false;
  }

  // Many commits that drop little may drop much together.
  std::vector<std::string> reasons_of_the_day(std::chrono::sys_seconds time,
                                              const LivingSnapshots& before,
                                              const LivingSnapshots& after) {
    if (!day_ || std::chrono::abs(time - day_->time) >= kDayOfDrops) {
      day_ = {.time = time, .before = before};
    }
    std::vector<std::string> reasons = reasons_to_hold(day_->before, after);
    for (std::string& reason : reasons) reason.insert(0, "with the commits before it, ");
    return reasons;
  }

  // Sends the content of commits that are not followed, so that it is there when they are.
  void carry_over(std::size_t from) {
    // The newest commit's own pack may have been deleted in the copy; the commit is there already.
    if (const auto& newest = copied_.newest_record()) send(newest->pack);
    std::set<PackName> holding;
    for (const CommitStep& step : state_.steps) holding.insert(step.pack);
    for (std::size_t at = from; at < state_.steps.size(); ++at) {
      std::string why;
      for (const PackName& pack : packs_before(read_step(state_.steps[at], why), {})) {
        if (holding.contains(pack) || has(pack)) continue;
        try {
          if (!holds_commit(store_, context_, pack)) send(pack);
        } catch (const base::Error& error) {
          if (error.code() != ErrorCode::kDamaged && error.code() != ErrorCode::kIo) throw;
          base::log_debug("{}", error.what());
        }
      }
    }
  }

  // Packs of its commits that the copy has lost, or never had because another program made it.
  void send_missing_packs() {
    for (const PackName& pack : state_.packs) {
      if (!send(pack)) report_.damage.push_back(unusable_.at(pack));
    }
  }

  void publish(const CommitStep& step, const std::vector<NamedCommit>& commits) {
    records_.send_commit_record(step);
    copied_.add(commits);
    ++report_.commits;
    if (!records_.has_slots()) records_.send_slots();
  }

  bool send_all(const std::vector<PackName>& packs) {
    return std::ranges::all_of(packs, [&](const PackName& pack) { return send(pack); });
  }

  // Returns whether the copy has the pack. If not, unusable_ has the reason.
  bool send(const PackName& pack) {
    if (has(pack)) return true;
    if (unusable_.contains(pack)) return false;
    base::stop_if_requested("copy", "the next one continues");
    SentPack sent = send_pack(store_, copy_, pack);
    if (!sent.trouble.empty()) {
      unusable_.emplace(pack, std::move(sent.trouble));
      return false;
    }
    packs_.add(pack);
    ++report_.packs;
    report_.pack_bytes += sent.bytes;
    show_progress();
    return true;
  }

  bool has(const PackName& pack) { return packs_.has(pack); }

  void show_progress() const {
    if (!options_.progress) return;
    options_.progress({.done_bytes = report_.pack_bytes,
                       .total_bytes = std::max(report_.pack_bytes, state_.missing_bytes)});
  }

  Storage& store_;
  Storage& copy_;
  const BlockContext& context_;
  const CopyingOptions& options_;
  std::set<std::string> accepted_slots_;
  std::optional<Day> day_;
  CopyRecords records_;
  std::vector<std::string> put_back_;  // before the copy is read
  CopiedCommits copied_;
  StoreState state_;
  CopiedPacks packs_;
  std::optional<std::set<PackName>> listed_in_store_;
  std::map<PackName, std::string> unusable_;  // why the store can't supply them
  std::string trouble_;
  CopyingReport report_;
};

CopyingReport copy_once(const Location& location, base::FileSystem& files, Storage& copy,
                        const BlockContext& context, const CopyingOptions& options) {
  const std::shared_ptr<Storage> store = storage_of(location, files);
  // The copy is read first: what is found there was in the store before.
  Copying copying(*store, copy, context, options);
  require_right_clock(copy, "copy to " + copy.display_name());
  if (location.has_own_index) catch_up_own_index(location, files, context);
  Index index = Index::open_read_only(index_file(location), context.store);
  const std::unique_ptr<base::FileLock> lock = lock_for_reading(location, files, index);
  return copying.run(index);
}

// The report of `later`, with what was sent before.
CopyingReport joined_reports(const CopyingReport& earlier, CopyingReport later) {
  later.packs += earlier.packs;
  later.pack_bytes += earlier.pack_bytes;
  later.commits += earlier.commits;
  later.records += earlier.records;
  later.has_accepted = later.has_accepted || earlier.has_accepted;
  return later;
}

// On a machine whose lock a prune does not see.
constexpr int kMaxCopyRuns = 3;

}  // namespace

CopyingReport copy_store(const Location& location, base::FileSystem& files, Storage& copy,
                         const CopyingOptions& options) {
  const BlockContext context = open_keys(location, files);
  CopyingReport report = copy_once(location, files, copy, context, options);
  if (!location.has_own_index) return report;
  // A prune may have replaced what is missing.
  for (int attempt = 1; attempt < kMaxCopyRuns && !report.damage.empty(); ++attempt) {
    for (const std::string& line : report.damage) base::log_debug("{}: copying again", line);
    CopyingOptions again = options;
    if (report.has_accepted) {
      again.accepted_slots = report.vanished_slots;
      again.held_together.clear();
    }
    report = joined_reports(report, copy_once(location, files, copy, context, again));
  }
  return report;
}

}  // namespace store
