// The messages of a group of leaves (store/format/uid_node.h) as the search index keeps them: each
// UID, and the row of the message's envelope. Two or three bytes a message if the messages were
// indexed one after the other.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "base/bytes.h"
#include "base/mail/uid.h"

namespace store {

struct KnownMessage {
  base::Uid uid;
  std::int64_t row = 0;  // of the message in the search index
  bool operator==(const KnownMessage&) const = default;
};

// In ascending UID order.
base::Bytes encode_group(std::span<const KnownMessage> messages);

// Fails with kDamaged.
std::vector<KnownMessage> decode_group(base::ByteView bytes);

}  // namespace store
