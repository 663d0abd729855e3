// Any bytes as a leaf or a branch of a folder's messages: rejected with kDamaged, or its content
// survives re-encoding.
#include <cstring>

#include "base/error.h"
#include "store/format/leaf.h"
#include "store/format/uid_node.h"
#include "tests/fuzz/fuzzer.h"

namespace {

using fuzz::require;

store::MessageId made_id(const store::Sha256& digest) {
  return {{digest.bytes}};
}

void check_identities(base::ByteView bytes) {
  const std::vector<store::Identity> identities = store::decode_identities(bytes, made_id);
  std::uint32_t last = 0;
  for (const store::Identity& identity : identities) {
    require(identity.uid.value > last);
    last = identity.uid.value;
  }
  const base::Bytes again = store::encode_identities(identities, made_id);
  require(store::decode_identities(again, made_id) == identities);
}

void check_states(base::ByteView bytes) {
  store::FlagSets sets;
  const std::vector<store::State> states = store::decode_states(bytes, sets);
  for (const store::State& state : states) sets.flags(state.flags);
  const base::Bytes again = store::encode_states(states, sets);
  require(store::decode_states(again, sets) == states);
}

void check_branch(std::uint64_t messages, base::ByteView identity, base::ByteView state) {
  store::UidNode branch;
  branch.shift = store::kRootShift;
  branch.is_branch = true;
  branch.messages = messages;
  store::decode_branch(branch, identity, state);
  const auto end = branch.base + (std::uint64_t{1} << branch.shift);
  std::uint64_t next = branch.base;
  for (const auto& child : branch.children) {
    require(child->base >= next);
    next = child->base + (std::uint64_t{1} << child->shift);
  }
  require(next <= end);
  store::UidNode copy;
  copy.shift = branch.shift;
  copy.base = branch.base;
  copy.is_branch = true;
  copy.messages = messages;
  const store::BranchBytes bytes = encode_branch(branch);
  store::decode_branch(copy, bytes.identity, bytes.state);
  require(copy.children.size() == branch.children.size());
}

}  // namespace

// The first byte selects the kind; the second byte is the position, as a fraction of 255, that
// separates a branch's two objects.
MAILSTOW_FUZZER(store_leaf_fuzz) {
  if (size < 3) return 0;
  const base::ByteView bytes = std::as_bytes(std::span(data + 3, size - 3));
  try {
    switch (data[0] % 3) {
      case 0:
        check_identities(bytes);
        break;
      case 1:
        check_states(bytes);
        break;
      default: {
        const std::size_t cut = bytes.size() * data[1] / 255;
        check_branch(data[2], bytes.first(cut), bytes.subspan(cut));
      }
    }
  } catch (const base::Error& error) {
    require(error.code() == base::ErrorCode::kDamaged);
  }
  return 0;
}
