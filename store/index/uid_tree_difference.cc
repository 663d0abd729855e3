#include "store/index/uid_tree_difference.h"

#include <algorithm>
#include <iterator>
#include <set>
#include <utility>

#include "base/error.h"
#include "store/index/uid_nodes.h"

namespace store {

namespace {

using Nodes = std::vector<std::unique_ptr<UidNode>>;  // of one tree, disjoint, by base

Nodes nodes_of(const UidTreeRoot& tree) {
  Nodes nodes;
  if (tree.messages == 0) return nodes;
  nodes.push_back(root_node(tree));
  return nodes;
}

// Removes the nodes that both have, by their keys.
template <typename KeyOf>
void drop_shared(Nodes& a, Nodes& b, const KeyOf& key_of) {
  std::set<decltype(key_of(*a.front()))> in_a;
  std::set<decltype(key_of(*a.front()))> shared;
  for (const auto& node : a) in_a.insert(key_of(*node));
  for (const auto& node : b) {
    if (in_a.contains(key_of(*node))) shared.insert(key_of(*node));
  }
  const auto is_shared = [&](const auto& node) { return shared.contains(key_of(*node)); };
  std::erase_if(a, is_shared);
  std::erase_if(b, is_shared);
}

// The largest width of the branches; 0 if there are only leaves. An unread root counts as the
// widest.
unsigned widest(const Nodes& nodes) {
  unsigned shift = 0;
  for (const auto& node : nodes) {
    if (node->is_branch) shift = std::max(shift, node->shift);
  }
  return shift;
}

using ReadChildren = void (*)(ObjectReader&, UidNode&);

// Replaces the branches of this width by their children.
void open_branches(ObjectReader& objects, Nodes& nodes, unsigned shift, ReadChildren read) {
  Nodes opened;
  for (auto& node : nodes) {
    if (!node->is_branch || node->shift != shift) {
      opened.push_back(std::move(node));
      continue;
    }
    read(objects, *node);
    // A root's width is known only now: narrower nodes of the other tree may be waiting.
    if (node->shift != shift) {
      node->children.clear();
      node->has_children = false;
      opened.push_back(std::move(node));
      continue;
    }
    for (auto& child : node->children) opened.push_back(std::move(child));
  }
  nodes = std::move(opened);
}

// The leaves of each tree that the other does not have, by their keys.
template <typename KeyOf>
std::pair<Nodes, Nodes> different_leaves(ObjectReader& objects, const UidTreeRoot& older,
                                         const UidTreeRoot& newer, ReadChildren read,
                                         const KeyOf& key_of) {
  Nodes a = nodes_of(older);
  Nodes b = nodes_of(newer);
  drop_shared(a, b, key_of);
  for (unsigned shift = std::max(widest(a), widest(b)); shift != 0;
       shift = std::max(widest(a), widest(b))) {
    open_branches(objects, a, shift, read);
    open_branches(objects, b, shift, read);
    drop_shared(a, b, key_of);
  }
  return {std::move(a), std::move(b)};
}

// Without the messages' ids.
std::vector<Identity> read_leaves(ObjectReader& objects, const Nodes& leaves) {
  std::vector<Identity> identities;
  for (const auto& leaf : leaves) {
    for (Identity& identity : read_identities_without_ids(objects, *leaf)) {
      identities.push_back(std::move(identity));
    }
  }
  return identities;
}

std::vector<FlaggedIdentity> read_flagged(ObjectReader& objects, const MakeId& make_id,
                                          const Nodes& leaves) {
  std::vector<FlaggedIdentity> entries;
  FlagSets sets;
  for (const auto& leaf : leaves) {
    std::vector<Identity> identities = read_identities(objects, make_id, *leaf);
    const std::vector<State> states = read_states(objects, *leaf, sets);
    if (states.size() != identities.size()) {
      base::fail(base::ErrorCode::kDamaged, "leaf {}: it has {} messages, and states of {}",
                 leaf->identity.hex(), identities.size(), states.size());
    }
    for (std::size_t at = 0; at < identities.size(); ++at) {
      entries.push_back({std::move(identities[at]), sets.flags(states[at].flags)});
    }
  }
  return entries;
}

// Those of `these` that `those` lack, with their ids. Both arguments have no ids, and ascend by
// UID.
std::vector<Identity> without(const std::vector<Identity>& these,
                              const std::vector<Identity>& those, const MakeId& make_id) {
  std::vector<Identity> left;
  auto other = those.begin();
  for (const Identity& identity : these) {
    while (other != those.end() && other->uid < identity.uid) ++other;
    if (other != those.end() && *other == identity) continue;
    left.push_back(identity);
    left.back().message = make_id(identity.digest);
  }
  return left;
}

void visit(ObjectReader& objects, const MakeId& make_id, UidNode& node,
           const std::function<void(const Identity&)>& take) {
  if (!node.is_branch) {
    for (const Identity& identity : read_identities(objects, make_id, node)) take(identity);
    return;
  }
  read_children_without_states(objects, node);
  for (const auto& child : node.children) {
    visit(objects, make_id, *child, take);
    child->children.clear();
  }
}

}  // namespace

UidTreeDifference difference(ObjectReader& objects, const MakeId& make_id, const UidTreeRoot& older,
                             const UidTreeRoot& newer) {
  const auto [a, b] = different_leaves(objects, older, newer, read_children_without_states,
                                       [](const UidNode& node) { return node.identity; });
  const std::vector<Identity> of_a = read_leaves(objects, a);
  const std::vector<Identity> of_b = read_leaves(objects, b);
  return {.only_older = without(of_a, of_b, make_id), .only_newer = without(of_b, of_a, make_id)};
}

FlaggedDifference flagged_difference(ObjectReader& objects, const MakeId& make_id,
                                     const UidTreeRoot& older, const UidTreeRoot& newer) {
  const auto [a, b] =
      different_leaves(objects, older, newer, read_children,
                       [](const UidNode& node) { return std::pair(node.identity, node.state); });
  std::vector<FlaggedIdentity> of_a = read_flagged(objects, make_id, a);
  std::vector<FlaggedIdentity> of_b = read_flagged(objects, make_id, b);
  FlaggedDifference result;
  auto old = of_a.begin();
  for (FlaggedIdentity& now : of_b) {
    while (old != of_a.end() && old->identity.uid < now.identity.uid) {
      result.only_older.push_back(std::move(*old++));
    }
    const bool is_same = old != of_a.end() && old->identity.uid == now.identity.uid &&
                         old->identity.message == now.identity.message;
    if (!is_same) {
      result.only_newer.push_back(std::move(now));
    } else {
      if (old->flags != now.flags) {
        result.other_flags.push_back(
            {std::move(now.identity), std::move(old->flags), std::move(now.flags)});
      }
      ++old;
    }
  }
  std::move(old, of_a.end(), std::back_inserter(result.only_older));
  return result;
}

void for_each_identity(ObjectReader& objects, const MakeId& make_id, const UidTreeRoot& tree,
                       const std::function<void(const Identity&)>& take) {
  for (const auto& node : nodes_of(tree)) visit(objects, make_id, *node, take);
}

}  // namespace store
