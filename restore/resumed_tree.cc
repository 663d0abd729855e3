#include "restore/resumed_tree.h"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>

#include "base/error.h"
#include "base/terminal.h"
#include "restore/restore_request.h"
#include "restore/tree_choice.h"
#include "restore/tree_lock.h"

namespace restore {

namespace {

// A tree of a snapshot that is out of reach is as unknown as the snapshot. Without a bound the
// snapshot may be gone, which select() reports.
bool is_within_reach(const ResumeSources& sources, const RunOptions& options,
                     const store::ObjectId& snapshot) {
  if (!sources.environment.config.store.reach) return true;
  const auto snapshots = sources.reader.snapshots(options.account);
  return std::ranges::find(snapshots, snapshot, &store::SnapshotInfo::id) != snapshots.end();
}

// Damage in the record of another account's tree is no answer to a question about this account.
bool is_own_request(const RunOptions& options, const store::TreeRecord& record) {
  try {
    return read_request(record.request).account == options.account;
  } catch (const base::Error& error) {
    const std::string& mailbox = options.to.empty() ? options.account : options.to;
    if (error.code() != base::ErrorCode::kDamaged || record.account == mailbox) throw;
    return false;
  }
}

bool can_be_resumed(const ResumeSources& sources, const RunOptions& options,
                    const store::TreeRecord& record) {
  if (!is_named(record, options.resume) || record.request.empty()) return false;
  const bool is_there = options.to.empty() || record.account == options.to;
  return is_there && is_own_request(options, record) &&
         is_within_reach(sources, options, record.snapshot);
}

}  // namespace

ResumedTree find_resumed(const ResumeSources& sources, const RunOptions& options) {
  for (store::TreeRecord& record : sources.records.list().records) {
    if (!can_be_resumed(sources, options, record)) continue;
    if (options.dry_run) return {std::move(record), nullptr};
    auto lock = lock_for_run(sources.environment.files, sources.location, record);
    // Read again: another process may have worked on it until just now.
    if (auto current = sources.records.find(record.id)) {
      take_over(sources.environment, sources.records, "resume", *current);
      return {*std::move(current), std::move(lock)};
    }
  }
  base::fail(base::ErrorCode::kNotFound,
             "resume {}: no run of account {} made such a tree: `mailstow-restore trees` lists the "
             "trees",
             base::escape_for_terminal(options.resume), base::escape_for_terminal(options.account));
}

std::unique_ptr<base::FileLock> lock_for_run(base::FileSystem& files,
                                             const store::Location& location,
                                             const store::TreeRecord& record) {
  auto lock = lock_tree(files, location, record.id);
  if (lock == nullptr) {
    base::fail(base::ErrorCode::kBusy, "restore: {}: tree {}: another process is working on it",
               base::escape_for_terminal(record.account), base::escape_for_terminal(record.name));
  }
  return lock;
}

}  // namespace restore
