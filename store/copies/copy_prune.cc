#include "store/copies/copy_prune.h"

#include <algorithm>
#include <map>
#include <set>
#include <vector>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "store/copies/copied_commits.h"
#include "store/format/commit_chain.h"
#include "store/format/extension.h"
#include "store/format/layout.h"
#include "store/index/read_commits.h"
#include "store/keys/key_slot.h"
#include "store/storage/storage.h"

namespace store {

namespace {

using base::ErrorCode;
using base::fail;

struct Condemnation {
  std::chrono::sys_seconds since{};
  std::uint64_t number = 0;  // of the last commit that condemns the pack
};

class CopyPrune {
 public:
  CopyPrune(Storage& copy, const BlockContext& context, const CopyPruneOptions& options)
      : copy_(copy), context_(context), options_(options), copied_(copy, context) {}

  CopyPruneReport run() {
    require_right_clock(copy_, "prune the copy " + copy_.display_name());
    const std::vector<NamedCommit>& commits = copied_.since_checkpoint();
    if (commits.empty() || !commits.front().second.is_checkpoint) {
      // Nothing is condemned before the first checkpoint.
      if (commits.empty() || commits.front().second.number == 1) return report_;
      fail_as_unreadable();
    }
    require_chain(commits);
    require_allowed(living_extensions(commits), Forbids::kDropping,
                    "prune the copy " + copy_.display_name());
    find_needed(commits);
    note_condemned(commits);
    list_packs();
    require_needed();
    // The source's prune has deleted the packs that an earlier checkpoint condemned, so the last
    // one does not name them.
    if (has_unexplained()) read_earlier_commits(commits.front().second.number);
    delete_due();
    return report_;
  }

 private:
  [[noreturn]] void fail_as_unreadable() {
    fail(ErrorCode::kDamaged,
         "prune the copy {}: its commits since the last checkpoint can't be read: check it with "
         "mailstow-backupd check --copy: nothing was deleted",
         copy_.display_name());
  }

  void require_chain(const std::vector<NamedCommit>& commits) {
    for (std::size_t at = 1; at < commits.size(); ++at) {
      const Commit& commit = commits[at].second;
      const bool follows = commit.previous == commits[at - 1].first &&
                           commit.number == commits[at - 1].second.number + 1;
      if (!follows) fail_as_unreadable();
    }
    if (commits.back().first != copied_.newest().id) fail_as_unreadable();
  }

  // What the last checkpoint and the commits after it name, and the packs that hold them: the
  // pack of each is named by the next one, except for the newest.
  void find_needed(const std::vector<NamedCommit>& commits) {
    for (const auto& [id, commit] : commits) {
      needed_.insert(commit.packs.begin(), commit.packs.end());
    }
    needed_.insert(copied_.newest_record()->pack);
  }

  void note_condemned(const std::vector<NamedCommit>& commits) {
    for (const auto& [id, commit] : commits) {
      for (const CondemnedPack& pack : commit.condemned) {
        Condemnation& known = condemned_[pack.pack];
        if (commit.number < known.number) continue;
        known = {.since = pack.since, .number = commit.number};
      }
    }
  }

  void list_packs() {
    for (const std::string& key : copy_.list(kPacksArea)) {
      if (const std::optional<PackName> pack = pack_name(key)) present_.insert(*pack);
    }
  }

  void require_needed() {
    for (const PackName& pack : needed_) {
      if (present_.contains(pack) || copy_.size(blob_of(pack))) continue;
      fail_as_incomplete(pack);
    }
  }

  // A listing may show what was removed. What a missing pack had may be only in packs that are due.
  void require_needed_by_name() {
    if (copy_.traits().lists_at_once) return;
    for (const PackName& pack : needed_) {
      if (!copy_.size(blob_of(pack))) fail_as_incomplete(pack);
    }
  }

  [[noreturn]] void fail_as_incomplete(const PackName& pack) {
    fail(ErrorCode::kDamaged,
         "prune the copy {}: {}: bring it up to date first: nothing was deleted",
         copy_.display_name(), missing_pack(copy_, pack));
  }

  bool has_unexplained() const {
    return std::ranges::any_of(present_, [&](const PackName& pack) {
      return !needed_.contains(pack) && !condemned_.contains(pack);
    });
  }

  // Those before the last checkpoint, as far as the copy has them.
  void read_earlier_commits(std::uint64_t before) {
    for (const CommitRecord& record : copied_.records_before(before)) {
      if (!present_.contains(record.pack)) continue;
      holding_.insert(record.pack);
      if (const auto commits = copied_.read_pack(record)) note_condemned(*commits);
    }
  }

  bool is_due(const Condemnation& condemned) const {
    return condemned.since <= options_.now && options_.now - condemned.since >= options_.grace &&
           options_.oldest_reader >= condemned.number;
  }

  // Packs with commits last: as long as they are there, they show why the others can be deleted.
  void delete_due() {
    std::vector<BlobName> content;
    std::vector<BlobName> holding;
    for (const auto& [pack, condemned] : condemned_) {
      if (needed_.contains(pack) || !present_.contains(pack)) continue;
      if (condemned.since == kNeverDeleted) continue;  // by a repair
      if (!is_due(condemned)) {
        ++report_.waiting;
        continue;
      }
      (holding_.contains(pack) ? holding : content).push_back(blob_of(pack));
    }
    if (content.empty() && holding.empty()) return;
    require_needed_by_name();
    remove(content);
    if (report_.not_removed > 0) {
      report_.waiting += holding.size();
    } else {
      remove(holding);
    }
  }

  void remove(const std::vector<BlobName>& blobs) {
    if (blobs.empty()) return;
    std::map<BlobName, std::uint64_t> sizes;
    for (const BlobName& blob : blobs) {
      if (const std::optional<std::uint64_t> size = copy_.size(blob)) sizes.emplace(blob, *size);
    }
    for (const NotRemoved& left : copy_.remove(blobs)) {
      base::log_warning("{}", left.why);
      sizes.erase(left.name);
      ++report_.not_removed;
    }
    report_.deleted += sizes.size();
    for (const auto& [blob, size] : sizes) report_.deleted_bytes += size;
  }

  Storage& copy_;
  const BlockContext& context_;
  const CopyPruneOptions& options_;
  CopiedCommits copied_;
  std::set<PackName> needed_;
  std::map<PackName, Condemnation> condemned_;
  std::set<PackName> present_;
  std::set<PackName> holding_;  // with commits before the last checkpoint
  CopyPruneReport report_;
};

}  // namespace

CopyPruneReport prune_copy(const Location& location, base::FileSystem& files, Storage& copy,
                           const CopyPruneOptions& options) {
  const BlockContext context = open_keys(location, files);
  return CopyPrune(copy, context, options).run();
}

}  // namespace store
