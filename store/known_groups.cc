#include "store/known_groups.h"

#include <algorithm>

#include "base/error.h"
#include "base/log.h"
#include "store/index/uid_nodes.h"

namespace store {

KnownGroups::KnownGroups(const base::Path& search_index, const Keys& keys) : keys_(keys) {
  tolerate([&] {
    index_ = SearchIndex::open_read_only(search_index);
    if (index_) look_ups_.emplace(*index_);
  });
}

template <typename Work>
void KnownGroups::tolerate(const Work& work) {
  try {
    work();
  } catch (const base::Error& error) {
    base::log_debug("the leaves are read instead: {}", error.what());
    rows_.reset();
  }
}

void KnownGroups::look_for_ids_beginning(std::string_view digits) {
  if (!index_) return;
  tolerate([&] { rows_ = index_->rows_beginning(digits); });
}

void KnownGroups::look_for(const std::vector<ObjectId>& messages) {
  if (!index_) return;
  tolerate([&] {
    std::vector<std::int64_t> rows;
    for (const ObjectId& message : messages) {
      if (const auto row = index_->find(message)) rows.push_back(*row);
    }
    std::ranges::sort(rows);
    rows_ = std::move(rows);
  });
}

std::optional<std::vector<base::Uid>> KnownGroups::holders(const UidNode& node) {
  if (!rows_ || !node.may_be_group()) return std::nullopt;
  std::optional<std::vector<base::Uid>> uids;
  tolerate([&] {
    const auto messages = index_->find_group(node.identity);
    if (!messages || messages->size() != node.messages) return;
    uids.emplace();
    for (const KnownMessage& message : *messages) {
      if (std::ranges::binary_search(*rows_, message.row)) uids->push_back(message.uid);
    }
  });
  return uids;
}

void KnownGroups::read_children(ObjectReader& objects, UidNode& branch) {
  std::optional<base::Bytes> known;
  if (index_) {
    tolerate([&] { known = find_known_branch(*index_, keys_, branch); });
  }
  read_children_from(known, objects, branch);
}

std::optional<base::Bytes> find_known_branch(SearchIndex& index, const Keys& keys,
                                             const UidNode& branch) {
  if (branch.shift <= kGroupShift) return std::nullopt;
  std::optional<base::Bytes> known = index.find_branch(branch.identity);
  if (known && object_id(keys, ObjectType::kIdentityBranch, *known) != branch.identity) {
    known.reset();
  }
  return known;
}

void read_children_from(const std::optional<base::Bytes>& known, ObjectReader& objects,
                        UidNode& branch) {
  if (known) {
    decode_identity_branch(branch, *known);
  } else {
    read_children_without_states(objects, branch);
  }
}

bool covers_any(const UidNode& node, const std::vector<base::Uid>& uids) {
  const auto first = std::ranges::lower_bound(
      uids, node.base, {}, [](const base::Uid& uid) { return std::uint64_t{uid.value}; });
  return first != uids.end() && node.covers(first->value);
}

}  // namespace store
