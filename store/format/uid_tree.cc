#include "store/format/uid_tree.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "store/format/uid_node.h"

namespace store {

class UidTree::Impl {
 public:
  Impl() = default;
  Impl(const UidTreeRoot& start, Load load_object, MakeId make)
      : load(std::move(load_object)), make_id(std::move(make)) {
    if (start.messages == 0) return;
    root = root_node(start);
  }

  base::Bytes encoded_identities(const UidNode& leaf) {
    return leaf.packed_identities.empty() ? load(ObjectType::kIdentityLeaf, leaf.identity)
                                          : leaf.packed_identities;
  }

  static void check_identities(const UidNode& leaf, const std::vector<Identity>& identities) {
    const bool inside = std::ranges::all_of(
        identities, [&](const Identity& identity) { return leaf.covers(identity.uid.value); });
    if (identities.size() != leaf.messages || !inside) {
      base::fail(base::ErrorCode::kDamaged, "read leaf {}: its content does not match its identity",
                 leaf.identity.hex());
    }
  }

  std::vector<Identity> read_identities(const UidNode& leaf) {
    if (leaf.has_identities) return leaf.identities;
    std::vector<Identity> identities = decode_identities(encoded_identities(leaf), make_id);
    check_identities(leaf, identities);
    return identities;
  }

  std::vector<Identity> read_identities_without_ids(const UidNode& leaf) {
    if (leaf.has_identities) return leaf.identities;
    std::vector<Identity> identities = decode_identities_without_ids(encoded_identities(leaf));
    check_identities(leaf, identities);
    return identities;
  }

  std::vector<State> read_states(const UidNode& leaf) {
    if (leaf.has_states) return leaf.states;
    std::vector<State> states = leaf.packed_states.empty()
                                    ? decode_states(load(ObjectType::kStateLeaf, leaf.state), sets)
                                    : decode_states(leaf.packed_states, sets);
    if (states.size() != leaf.messages) {
      base::fail(base::ErrorCode::kDamaged, "read leaf {}: its content does not match its identity",
                 leaf.state.hex());
    }
    return states;
  }

  void load_identities(UidNode& leaf) {
    if (!leaf.has_identities) {
      leaf.identities = read_identities(leaf);
      leaf.has_identities = true;
    }
    keep_loaded(leaf);
  }

  void load_states(UidNode& leaf) {
    if (!leaf.has_states) {
      leaf.states = read_states(leaf);
      leaf.has_states = true;
    }
    keep_loaded(leaf);
  }

  void load_leaf(UidNode& leaf) {
    load_identities(leaf);
    load_states(leaf);
  }

  // Keeps only a few leaves loaded, `leaf` among them.
  void keep_loaded(UidNode& leaf) {
    if (!make_id || (!loaded.empty() && loaded.back() == &leaf)) return;
    if (std::ranges::find(loaded, &leaf) != loaded.end()) return;
    if (loaded.size() >= kMaxLoaded) pack_loaded();
    loaded.push_back(&leaf);
  }

  void pack_loaded() {
    for (UidNode* leaf : loaded) pack(*leaf);
    loaded.clear();
  }

  void pack(UidNode& leaf) {
    if (!make_id) return;
    if (leaf.has_identities && !leaf.identity_is_saved) {
      leaf.packed_identities = encode_identities(leaf.identities, make_id);
      leaf.packed_identities.shrink_to_fit();
    }
    if (leaf.has_states && !leaf.state_is_saved) {
      leaf.packed_states = encode_states(leaf.states, sets);
      leaf.packed_states.shrink_to_fit();
    }
    // Not `= {}`, which keeps the memory.
    leaf.identities = std::vector<Identity>();
    leaf.states = std::vector<State>();
    leaf.has_identities = leaf.has_states = false;
  }

  void load_children(UidNode& branch) {
    if (branch.has_children) return;
    decode_branch(branch, load(ObjectType::kIdentityBranch, branch.identity),
                  load(ObjectType::kStateBranch, branch.state));
  }

  // The nodes from the root to the leaf that covers `uid`; empty if no leaf does.
  std::vector<UidNode*> path_to(std::uint32_t uid) {
    std::vector<UidNode*> path;
    UidNode* node = root.get();
    while (node != nullptr) {
      path.push_back(node);
      if (!node->is_branch) return path;
      load_children(*node);
      node = node->covers(uid) ? child_for(*node, uid, false) : nullptr;
    }
    return {};
  }

  static std::vector<Identity>::iterator position_of(UidNode& leaf, base::Uid uid) {
    return std::ranges::lower_bound(leaf.identities, uid, {}, &Identity::uid);
  }

  static bool holds(UidNode& leaf, base::Uid uid) {
    const auto position = position_of(leaf, uid);
    return position != leaf.identities.end() && position->uid == uid;
  }

  void visit(UidNode& node, const std::function<void(UidNode& leaf)>& take) {
    if (!node.is_branch) {
      take(node);
      return;
    }
    load_children(node);
    for (const auto& child : node.children) visit(*child, take);
  }

  void visit_groups(UidNode& node, const std::function<void(UidNode& group)>& take) {
    if (node.is_branch) load_children(node);  // a root's width is known only now
    if (!node.is_branch || node.shift == kGroupShift) {
      take(node);
      return;
    }
    for (const auto& child : node.children) visit_groups(*child, take);
  }

  // Visits the leaves that may have UIDs from `first` on, until `take` returns false. Returns false
  // if it did.
  bool visit_from(UidNode& node, std::uint32_t first,
                  const std::function<bool(UidNode& leaf)>& take) {
    if (node.base + (1ULL << node.shift) <= first) return true;
    if (!node.is_branch) return take(node);
    load_children(node);
    return std::ranges::all_of(node.children,
                               [&](const auto& child) { return visit_from(*child, first, take); });
  }

  // Makes the root cover `uid`.
  void grow_to(std::uint32_t uid) {
    if (!root) root = new_leaf(0, kRootShift);
    if (!root->is_branch) return;  // it covers every UID
    load_children(*root);
    while (!root->covers(uid)) {
      auto above = std::make_unique<UidNode>();
      above->shift = root->shift + kBranchShift;
      above->base = (root->base >> above->shift) << above->shift;
      above->is_branch = true;
      above->has_children = true;
      above->messages = root->messages;
      above->bytes = root->bytes;
      above->children.push_back(std::move(root));
      root = std::move(above);
    }
  }

  void put(const Identity& identity, const State& state) {
    grow_to(identity.uid.value);
    std::vector<UidNode*> path{root.get()};
    while (path.back()->is_branch) {
      load_children(*path.back());
      path.push_back(child_for(*path.back(), identity.uid.value, true));
    }
    UidNode& leaf = *path.back();
    load_leaf(leaf);
    const auto position = position_of(leaf, identity.uid);
    const auto offset = position - leaf.identities.begin();
    if (position != leaf.identities.end() && position->uid == identity.uid) {
      leaf.states[static_cast<std::size_t>(offset)] = state;
      leaf.packed_states = base::Bytes();
      for (UidNode* node : path) node->state_is_saved = false;
      if (*position == identity) return;
      for (UidNode* node : path) node->bytes += identity.size - position->size;
      *position = identity;
    } else {
      leaf.identities.insert(position, identity);
      leaf.states.insert(leaf.states.begin() + offset, state);
      for (UidNode* node : path) {
        ++node->messages;
        node->bytes += identity.size;
      }
    }
    for (UidNode* node : path) node->touch_identities();
    changed = true;
    if (leaf.identities.size() <= kLeafMessages) return;
    split_leaf(leaf);
    if (!leaf.is_branch) return;
    std::erase(loaded, &leaf);
    visit(leaf, [&](UidNode& part) { keep_loaded(part); });
  }

  bool erase(base::Uid uid) {
    const std::vector<UidNode*> path = path_to(uid.value);
    if (path.empty()) return false;
    UidNode& leaf = *path.back();
    load_leaf(leaf);
    if (!holds(leaf, uid)) return false;
    const auto position = position_of(leaf, uid);
    for (UidNode* node : path) {
      --node->messages;
      node->bytes -= position->size;
      node->touch_identities();
    }
    leaf.states.erase(leaf.states.begin() + (position - leaf.identities.begin()));
    leaf.identities.erase(position);
    changed = true;
    return true;
  }

  // Gives a changed node the one shape that its UIDs allow.
  void normalize(UidNode& node) {
    if (node.identity_is_saved || !node.is_branch) return;
    for (const auto& child : node.children) normalize(*child);
    std::erase_if(node.children, [](const auto& child) { return child->messages == 0; });
    if (node.messages <= kLeafMessages) join(node);
  }

  void join(UidNode& branch) {
    std::vector<Identity> identities;
    std::vector<State> states;
    visit(branch, [&](UidNode& leaf) {
      for (Identity& identity : read_identities(leaf)) identities.push_back(std::move(identity));
      for (const State& state : read_states(leaf)) states.push_back(state);
    });
    branch.identities = std::move(identities);
    branch.states = std::move(states);
    branch.has_identities = branch.has_states = true;
    branch.children.clear();
    branch.has_children = branch.is_branch = false;
    pack(branch);
  }

  void normalize_root() {
    if (!root) return;
    pack_loaded();
    normalize(*root);
    while (root->is_branch && root->has_children && root->children.size() == 1) {
      root = std::unique_ptr<UidNode>(std::move(root->children.front()));
    }
    if (!root->is_branch) {
      root->base = 0;
      root->shift = kRootShift;
    }
    if (root->messages == 0) root.reset();
  }

  void save_node(UidNode& node, const Save& save, const MakeId& make) {
    if (node.identity_is_saved && node.state_is_saved) return;
    for (const auto& child : node.children) save_node(*child, save, make);
    if (node.is_branch) {
      save_branch(node, save);
    } else {
      if (!node.identity_is_saved) save_identities(node, save, make);
      if (!node.state_is_saved) save_states(node, save);
    }
    node.identity_is_saved = node.state_is_saved = true;
  }

  static void save_branch(UidNode& branch, const Save& save) {
    const BranchBytes bytes = encode_branch(branch);
    if (!branch.identity_is_saved) {
      branch.identity = save(ObjectType::kIdentityBranch, bytes.identity);
      branch.is_new = true;
    }
    if (!branch.state_is_saved) branch.state = save(ObjectType::kStateBranch, bytes.state);
  }

  // Packed data stays packed: what was just saved can't be loaded before its pack is published.
  static void save_identities(UidNode& node, const Save& save, const MakeId& make) {
    if (!node.packed_identities.empty()) {
      node.identity = save(ObjectType::kIdentityLeaf, node.packed_identities);
    } else {
      node.identity = save(ObjectType::kIdentityLeaf, encode_identities(node.identities, make));
    }
    node.is_new = true;
  }

  void save_states(UidNode& node, const Save& save) {
    if (!node.packed_states.empty()) {
      node.state = save(ObjectType::kStateLeaf, node.packed_states);
    } else {
      node.state = save(ObjectType::kStateLeaf, encode_states(node.states, sets));
    }
  }

  static constexpr std::size_t kMaxLoaded = 64;

  Load load;
  MakeId make_id;  // empty function: nothing is ever packed
  std::vector<UidNode*> loaded;
  FlagSets sets;
  std::unique_ptr<UidNode> root;  // null: empty
  bool changed = false;
};

UidTree::UidTree() : impl_(std::make_unique<Impl>()) {}
UidTree::UidTree(const UidTreeRoot& root, Load load, MakeId make_id)
    : impl_(std::make_unique<Impl>(root, std::move(load), std::move(make_id))) {}
UidTree::UidTree(UidTree&&) noexcept = default;
UidTree& UidTree::operator=(UidTree&&) noexcept = default;
UidTree::~UidTree() = default;

std::uint64_t UidTree::messages() const {
  return impl_->root ? impl_->root->messages : 0;
}
std::uint64_t UidTree::bytes() const {
  return impl_->root ? impl_->root->bytes : 0;
}
FlagSets& UidTree::flag_sets() {
  return impl_->sets;
}
bool UidTree::identities_changed() const {
  return impl_->changed;
}

bool UidTree::contains(base::Uid uid) {
  const std::vector<UidNode*> path = impl_->path_to(uid.value);
  if (path.empty()) return false;
  impl_->load_identities(*path.back());
  return Impl::holds(*path.back(), uid);
}

std::optional<UidTree::Entry> UidTree::find(base::Uid uid) {
  if (!contains(uid)) return std::nullopt;
  UidNode& leaf = *impl_->path_to(uid.value).back();
  impl_->load_states(leaf);
  const auto position = Impl::position_of(leaf, uid);
  return Entry{.identity = *position,
               .state = leaf.states[static_cast<std::size_t>(position - leaf.identities.begin())]};
}

void UidTree::for_each_group(const std::function<void(const Group&)>& take) {
  if (!impl_->root) return;
  impl_->visit_groups(*impl_->root, [&](UidNode& node) {
    Group group{.node = node.identity, .is_new = std::exchange(node.is_new, false)};
    group.messages.reserve(std::min(node.messages, kGroupMessages));
    impl_->visit(node, [&](UidNode& leaf) {
      for (const Identity& identity : impl_->read_identities_without_ids(leaf)) {
        group.messages.emplace_back(identity.uid, identity.digest);
      }
    });
    take(group);
  });
}

void UidTree::for_each(const std::function<void(const Identity&, const State&)>& take) {
  if (!impl_->root) return;
  impl_->visit(*impl_->root, [&](UidNode& leaf) {
    const std::vector<Identity> identities = impl_->read_identities(leaf);
    const std::vector<State> states = impl_->read_states(leaf);
    for (std::size_t i = 0; i < identities.size(); ++i) take(identities[i], states[i]);
  });
}

void UidTree::for_each_from(base::Uid first,
                            const std::function<bool(const Identity&, const State&)>& take) {
  if (!impl_->root) return;
  impl_->visit_from(*impl_->root, first.value, [&](UidNode& leaf) {
    const std::vector<Identity> identities = impl_->read_identities(leaf);
    const std::vector<State> states = impl_->read_states(leaf);
    for (std::size_t i = 0; i < identities.size(); ++i) {
      if (identities[i].uid >= first && !take(identities[i], states[i])) return false;
    }
    return true;
  });
}

void UidTree::for_each_uid(const std::function<void(base::Uid)>& take) {
  if (!impl_->root) return;
  impl_->visit(*impl_->root, [&](UidNode& leaf) {
    impl_->read_states(leaf);
    for (const Identity& identity : impl_->read_identities_without_ids(leaf)) take(identity.uid);
  });
}

void UidTree::put(const Identity& identity, const State& state) {
  impl_->put(identity, state);
}

bool UidTree::set_state(base::Uid uid, const State& state) {
  const std::vector<UidNode*> path = impl_->path_to(uid.value);
  if (path.empty()) return false;
  UidNode& leaf = *path.back();
  impl_->load_identities(leaf);
  if (!Impl::holds(leaf, uid)) return false;
  impl_->load_states(leaf);
  State& place =
      leaf.states[static_cast<std::size_t>(Impl::position_of(leaf, uid) - leaf.identities.begin())];
  if (place == state) return true;
  place = state;
  leaf.packed_states = base::Bytes();
  for (UidNode* node : path) node->state_is_saved = false;
  return true;
}

bool UidTree::erase(base::Uid uid) {
  return impl_->erase(uid);
}

UidTreeRoot UidTree::save(const Save& save, const MakeId& make_id) {
  impl_->normalize_root();
  impl_->changed = false;
  if (!impl_->root) return {};
  UidNode& root = *impl_->root;
  impl_->save_node(root, save, make_id);
  return {.messages = root.messages,
          .bytes = root.bytes,
          .is_branch = root.is_branch,
          .identity = root.identity,
          .state = root.state};
}

}  // namespace store
