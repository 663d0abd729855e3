// Finds the tree that `run --resume` continues.
#pragma once

#include <memory>

#include "base/program/program.h"
#include "restore/commands.h"
#include "store/format/location.h"
#include "store/reader.h"
#include "store/tree_record.h"

namespace restore {

struct ResumedTree {
  store::TreeRecord record;
  std::unique_ptr<base::FileLock> lock;  // null with --dry-run
};

struct ResumeSources {
  const base::Environment& environment;
  const store::Location& location;
  const store::TreeRecords& records;
  store::Reader& reader;
};

// The tree that an earlier run of the account left incomplete, locked. Fails with kNotFound if no
// run of the account made a tree of that name within reach, and with kBusy if another process works
// on it.
ResumedTree find_resumed(const ResumeSources& sources, const RunOptions& options);

// The lock of a tree, for a run that fills it. Fails with kBusy if another process works on the
// tree.
std::unique_ptr<base::FileLock> lock_for_run(base::FileSystem& files,
                                             const store::Location& location,
                                             const store::TreeRecord& record);

}  // namespace restore
