#include "store/index/chain_check.h"

#include <utility>

#include "base/error.h"
#include "store/format/commit_chain.h"

namespace store {

std::vector<std::string> check_chain(Index& index, ObjectReader& objects) {
  using base::ErrorCode;
  std::vector<std::string> damage;
  std::vector<NamedCommit> commits;
  for (const ObjectId& id : index.commits()) {
    try {
      commits.emplace_back(id, Commit::decode(objects.read_manifest(ObjectType::kCommit, id)));
    } catch (const base::Error& error) {
      // With kStorage it may be there.
      if (error.code() == ErrorCode::kStorage || error.code() == ErrorCode::kConfig) throw;
      damage.emplace_back(error.what());
    }
  }
  if (!damage.empty()) return damage;
  const std::vector<PackName> packs = index.packs();
  return find_breaks(std::move(commits), {packs.begin(), packs.end()});
}

}  // namespace store
