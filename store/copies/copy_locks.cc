#include "store/copies/copy_locks.h"

#include <set>
#include <vector>

#include "store/copies/copied_commits.h"
#include "store/format/right_version.h"
#include "store/keys/key_slot.h"

namespace store {

LockExtensionReport extend_copy_locks(const Location& location, base::FileSystem& files,
                                      Storage& copy) {
  const BlockContext context = open_keys(location, files);
  // Deleting the copy's newest commits must not end the locks of what they name.
  if (copy.keeps_versions()) choose_first_versions(copy);
  CopiedCommits copied(copy, context);
  std::set<PackName> packs;
  if (copied.newest_record()) packs.insert(copied.newest_record()->pack);
  for (const auto& [id, commit] : copied.since_checkpoint()) {
    packs.insert(commit.packs.begin(), commit.packs.end());
    for (const CondemnedPack& condemned : commit.condemned) packs.insert(condemned.pack);
  }
  return extend_locks(copy, {packs.begin(), packs.end()});
}

}  // namespace store
