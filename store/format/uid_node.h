// A node of a UidTree.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "base/bytes.h"
#include "store/format/leaf.h"
#include "store/format/object_id.h"
#include "store/format/object_type.h"
#include "store/format/uid_tree.h"

namespace store {

// A leaf covers at least 2^6 UIDs, every branch 2^4 times as many as its children.
inline constexpr unsigned kLeafShift = 6;
inline constexpr unsigned kBranchShift = 4;
inline constexpr unsigned kRootShift = 34;  // covers every UID
inline constexpr std::uint64_t kLeafMessages = 64;

// A group of leaves, of which derived data is kept together: the leaves below a branch of this
// width, or one leaf that is at least as wide. Every leaf belongs to one group.
inline constexpr unsigned kGroupShift = kLeafShift + kBranchShift;
inline constexpr std::uint64_t kGroupMessages = kLeafMessages << kBranchShift;  // at most

// Covers the 2^shift UIDs from `base` on. A leaf is loaded in two halves, each on demand, and
// packed again when other leaves are needed: encoded, it takes a third of the memory.
struct UidNode {
  std::uint64_t base = 0;
  unsigned shift = kLeafShift;
  bool is_branch = false;
  std::uint64_t messages = 0;
  std::uint64_t bytes = 0;

  // The objects that hold the node, if they hold its current state.
  ObjectId identity;
  ObjectId state;
  bool identity_is_saved = false;
  bool state_is_saved = false;
  bool is_new = false;  // the identity was saved since UidTree::for_each_group() came here

  // The parts that are loaded.
  bool has_identities = false;
  bool has_states = false;
  bool has_children = false;
  std::vector<Identity> identities;
  std::vector<State> states;
  base::Bytes packed_identities;  // of a leaf, current; empty: only loaded, or only in an object
  base::Bytes packed_states;
  std::vector<std::unique_ptr<UidNode>> children;  // by base

  bool covers(std::uint32_t uid) const { return uid >= base && uid - base < 1ULL << shift; }
  void touch_identities();  // and the states with them

  // Whether it is a group of leaves; sure only once a root's range is known.
  bool may_be_group() const { return is_branch ? messages <= kGroupMessages : shift > kLeafShift; }
};

// The node as an object holds it. A root's range is known if it is a leaf, otherwise once its
// branch was read.
std::unique_ptr<UidNode> root_node(const UidTreeRoot& tree);

std::unique_ptr<UidNode> new_leaf(std::uint64_t base, unsigned shift);

// Encodes the branch from its `children`, which are set: two objects, which only make sense
// together. Fails with Unstorable.
struct BranchBytes {
  base::Bytes identity;
  base::Bytes state;
};
BranchBytes encode_branch(const UidNode& branch);

// Sets the children. A root arrives with kRootShift, and learns its range here.
void decode_branch(UidNode& branch, base::ByteView identity, base::ByteView state);

// The same without the children's states, for walks that need only messages.
void decode_identity_branch(UidNode& branch, base::ByteView identity);

// UidNode::shift of an encoded identity branch.
unsigned width_of_branch(base::ByteView identity);

// The node below `branch` that covers `uid`; if it does not exist, it is created if `make`, else
// null.
UidNode* child_for(UidNode& branch, std::uint32_t uid, bool make);

// Splits a loaded leaf with too many messages: it becomes a branch of leaves, and so on until no
// leaf has too many.
void split_leaf(UidNode& leaf);

}  // namespace store
