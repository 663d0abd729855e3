#include "store/index/pack_addition.h"

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "base/log.h"
#include "store/format/commit_branches.h"
#include "store/format/extension.h"

namespace store {

void PackAddition::add(const Addition& addition) {
  found_.sort();
  for (FoundPack& pack : found_.packs()) {
    const bool is_left_out = is_condemned(pack.name) || addition.left_out.contains(pack.name);
    if (is_left_out || found_.is_forked(pack)) continue;
    const Pack contents = take_contents(pack);
    if (addition.returned.contains(pack.name)) {
      index_.add_again(contents, pack.commits);
    } else {
      index_.add(contents, pack.commits, context_.keys);
    }
  }
  if (!found_.forked().empty()) add_forked(addition);
  if (addition.keeps_condemned) add_condemned();
  index_.number_snapshots();
}

void PackAddition::add_spare(std::vector<FoundPack> packs) {
  std::ranges::stable_partition(packs,
                                [&](const FoundPack& pack) { return !is_condemned(pack.name); });
  for (FoundPack& pack : packs) {
    try {
      add_spare(pack);
    } catch (const base::Error& error) {
      using base::ErrorCode;
      if (error.code() != ErrorCode::kDamaged && error.code() != ErrorCode::kIo) throw;
      base::log_debug("{}", error.what());
    }
  }
}

void PackAddition::add_spare(FoundPack& pack) {
  if (index_.size_of(pack.name) > 0) return;
  const Pack contents = take_contents(pack);
  if (is_condemned(pack.name)) {
    index_.add_condemned(contents);
  } else {
    index_.add(contents, {}, context_.keys, ExistingObjects::kNeverMove);
  }
}

Pack PackAddition::take_contents(FoundPack& pack) {
  if (!pack.contents) {
    return PackFile::open(storage_, pack.name).read_trailer(context_, pack.name, decompressor_);
  }
  Pack contents = *std::move(pack.contents);
  pack.contents.reset();
  return contents;
}

void PackAddition::add_condemned() {
  const std::set<PackName> given_up = found_.given_up();
  for (FoundPack& pack : found_.packs()) {
    if (!is_condemned(pack.name) || given_up.contains(pack.name)) continue;
    const std::string why =
        base::why_unreadable([&] { index_.add_condemned(take_contents(pack)); });
    if (!why.empty()) base::log_debug("{}", why);  // it is deleted
  }
}

// Commits that lost a fork: first their snapshots, because a pack that the index has is not read
// again after a crash. What they need may be only in packs that the others condemned.
void PackAddition::add_forked(const Addition& addition) {
  const std::set<ObjectId> dropped = found_.dropped();
  const std::set<PackName> given_up = found_.given_up();
  std::vector<Extension> extensions;
  for (FoundPack& pack : found_.packs()) {
    const bool may_be_needed = is_condemned(pack.name) && !given_up.contains(pack.name);
    if (may_be_needed && addition.adds_disputed) index_.add_condemned(take_contents(pack));
    if (!found_.is_forked(pack) || !makes_snapshots(pack.commits)) continue;
    for (const auto& [id, commit] : pack.commits) {
      index_.add_snapshots(commit, context_.keys, dropped);
      extensions = merged(extensions, commit.extensions);
    }
  }
  index_.add_extensions(extensions);
  for (FoundPack& pack : found_.packs()) {
    if (!found_.is_forked(pack) || addition.left_out.contains(pack.name)) continue;
    if (index_.size_of(pack.name) > 0) continue;  // since an earlier opening
    index_.add(take_contents(pack), {}, context_.keys);
  }
}

}  // namespace store
