#include "store/format/uid_node.h"

#include <algorithm>

#include "store/format/encoding.h"
#include "store/format/verified.h"

namespace store {

void UidNode::touch_identities() {
  packed_identities = base::Bytes();
  packed_states = base::Bytes();
  identity_is_saved = false;
  state_is_saved = false;
}

std::unique_ptr<UidNode> root_node(const UidTreeRoot& tree) {
  auto root = std::make_unique<UidNode>();
  root->shift = kRootShift;
  root->is_branch = tree.is_branch;
  root->messages = tree.messages;
  root->bytes = tree.bytes;
  root->identity = tree.identity;
  root->state = tree.state;
  root->identity_is_saved = root->state_is_saved = true;
  return root;
}

std::unique_ptr<UidNode> new_leaf(std::uint64_t base, unsigned shift) {
  auto leaf = std::make_unique<UidNode>();
  leaf->base = base;
  leaf->shift = shift;
  leaf->has_identities = true;
  leaf->has_states = true;
  return leaf;
}

namespace {

base::Bytes encode_identity_branch(const UidNode& branch) {
  Encoder encoder;
  encoder.u8(static_cast<std::uint8_t>(branch.shift));
  encoder.varint(branch.base);
  encoder.varint(branch.children.size());
  for (const auto& child : branch.children) {
    const std::uint64_t slot = (child->base - branch.base) >> child->shift;
    encoder.u8(static_cast<std::uint8_t>(slot << 1U | (child->is_branch ? 1U : 0U)));
    encoder.varint(child->messages);
    encoder.varint(child->bytes);
    encoder.id(child->identity);
  }
  return encoder.take();
}

base::Bytes encode_state_branch(const UidNode& branch) {
  Encoder encoder;
  encoder.varint(branch.children.size());
  for (const auto& child : branch.children) encoder.id(child->state);
  return encoder.take();
}

// Sets the children but for their states.
void decode_children(UidNode& branch, base::ByteView identity) {
  Decoder identities(identity, "an identity branch");
  const bool is_root = branch.shift == kRootShift;
  const unsigned expected_shift = branch.shift;
  const std::uint64_t expected_base = branch.base;
  branch.shift = identities.u8();
  if (branch.shift <= kLeafShift || branch.shift > kRootShift ||
      (branch.shift - kLeafShift) % kBranchShift != 0) {
    identities.malformed("its range is invalid");
  }
  branch.base = identities.varint(UINT32_MAX);
  if ((branch.base & ((1ULL << branch.shift) - 1)) != 0)
    identities.malformed("its range is not aligned");
  if (!is_root && (branch.shift != expected_shift || branch.base != expected_base)) {
    identities.malformed("its content does not match its identity");
  }
  const std::size_t count = identities.count(ObjectId::kSize + 3);
  if (count == 0) identities.malformed("it has no children");
  std::uint64_t messages = 0;
  unsigned next_slot = 0;
  for (std::size_t i = 0; i < count; ++i) {
    auto child = std::make_unique<UidNode>();
    const std::uint8_t head = identities.u8();
    const unsigned slot = head >> 1U;
    if (slot < next_slot || slot >= 1U << kBranchShift) identities.malformed("invalid children");
    next_slot = slot + 1;
    child->shift = branch.shift - kBranchShift;
    child->base = branch.base + (static_cast<std::uint64_t>(slot) << child->shift);
    child->is_branch = (head & 1U) != 0;
    if (child->is_branch && child->shift == kLeafShift) identities.malformed("it is too deep");
    child->messages = identities.varint(branch.messages - messages);
    child->bytes = identities.varint();
    child->identity = identities.id();
    child->identity_is_saved = true;
    messages += child->messages;
    branch.children.push_back(std::move(child));
  }
  identities.end();
  if (messages != branch.messages) identities.malformed("the counts don't add up");
}

bool is_same_child(const std::unique_ptr<UidNode>& a, const std::unique_ptr<UidNode>& b) {
  return a->base == b->base && a->shift == b->shift && a->is_branch == b->is_branch &&
         a->messages == b->messages && a->bytes == b->bytes && a->identity == b->identity &&
         a->state == b->state;
}

}  // namespace

BranchBytes encode_branch(const UidNode& branch) {
  BranchBytes bytes;
  bytes.state = encode_state_branch(branch);
  bytes.identity =
      verified("a branch", encode_identity_branch(branch), [&](base::ByteView identity) {
        UidNode read;
        read.base = branch.base;
        read.shift = branch.shift;
        read.messages = branch.messages;
        decode_branch(read, identity, bytes.state);
        return read.base == branch.base && read.shift == branch.shift &&
               std::ranges::equal(read.children, branch.children, is_same_child);
      });
  return bytes;
}

void decode_branch(UidNode& branch, base::ByteView identity, base::ByteView state) {
  decode_children(branch, identity);
  Decoder states(state, "a state branch");
  if (states.count(ObjectId::kSize) != branch.children.size()) {
    states.malformed("it does not match its identities");
  }
  for (const auto& child : branch.children) {
    child->state = states.id();
    child->state_is_saved = true;
  }
  states.end();
  branch.has_children = true;
}

void decode_identity_branch(UidNode& branch, base::ByteView identity) {
  decode_children(branch, identity);
  branch.has_children = true;
}

unsigned width_of_branch(base::ByteView identity) {
  return Decoder(identity, "an identity branch").u8();
}

UidNode* child_for(UidNode& branch, std::uint32_t uid, bool make) {
  auto& children = branch.children;
  const auto found =
      std::ranges::lower_bound(children, uid, {}, [](const std::unique_ptr<UidNode>& child) {
        return child->base + (1ULL << child->shift) - 1;
      });
  if (found != children.end() && (*found)->covers(uid)) return found->get();
  if (!make) return nullptr;
  const unsigned shift = branch.shift - kBranchShift;
  const std::uint64_t base = (static_cast<std::uint64_t>(uid) >> shift) << shift;
  return children.insert(found, new_leaf(base, shift))->get();
}

void split_leaf(UidNode& leaf) {
  if (leaf.identities.size() <= kLeafMessages || leaf.shift == kLeafShift) return;
  leaf.is_branch = true;
  leaf.has_children = true;
  for (std::size_t i = 0; i < leaf.identities.size(); ++i) {
    UidNode* child = child_for(leaf, leaf.identities[i].uid.value, true);
    child->identities.push_back(leaf.identities[i]);
    child->states.push_back(leaf.states[i]);
    ++child->messages;
    child->bytes += leaf.identities[i].size;
  }
  leaf.identities = std::vector<Identity>();
  leaf.states = std::vector<State>();
  for (const auto& child : leaf.children) split_leaf(*child);
}

}  // namespace store
