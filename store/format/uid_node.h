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

// Leaves cover 2^6 UIDs at least, every branch 2^4 times as many as its children.
inline constexpr unsigned kLeafShift = 6;
inline constexpr unsigned kBranchShift = 4;
inline constexpr unsigned kRootShift = 34;  // covers every UID
inline constexpr std::uint64_t kLeafMessages = 64;

// Covers the UIDs from `base` on, 2^shift of them. A leaf is loaded in two halves, each when it is
// wanted, and packed again when others are wanted: encoded it takes a third of the memory.
struct UidNode {
  std::uint64_t base = 0;
  unsigned shift = kLeafShift;
  bool is_branch = false;
  std::uint64_t messages = 0;
  std::uint64_t bytes = 0;

  // The objects that hold the node, where they hold it as it is now.
  ObjectId identity;
  ObjectId state;
  bool identity_is_saved = false;
  bool state_is_saved = false;

  // What is loaded.
  bool has_identities = false;
  bool has_states = false;
  bool has_children = false;
  std::vector<Identity> identities;
  std::vector<State> states;
  base::Bytes packed_identities;  // a leaf's as it is now; empty: only loaded, or only in an object
  base::Bytes packed_states;
  std::vector<std::unique_ptr<UidNode>> children;  // by base

  bool covers(std::uint32_t uid) const { return uid >= base && uid - base < 1ULL << shift; }
  void touch_identities();  // and with them the states
};

// As an object has it. A root's range is known when it is a leaf, or else when its branch was read.
std::unique_ptr<UidNode> root_node(const UidTreeRoot& tree);

std::unique_ptr<UidNode> new_leaf(std::uint64_t base, unsigned shift);

// The branch of `children`, which are set: both objects, which only make sense together. Fails with
// Unstorable.
struct BranchBytes {
  base::Bytes identity;
  base::Bytes state;
};
BranchBytes encode_branch(const UidNode& branch);

// Sets the children. A tree's root knows its range from here; it comes with kRootShift.
void decode_branch(UidNode& branch, base::ByteView identity, base::ByteView state);

// The node below `branch` that covers `uid`; made if `make`, else null if there is none.
UidNode* child_for(UidNode& branch, std::uint32_t uid, bool make);

// A loaded leaf with too many messages becomes a branch of leaves, and they again.
void split_leaf(UidNode& leaf);

}  // namespace store
