// One message on its way in: collected, hashed, split, and proved by rebuilding it.
#pragma once

#include <functional>
#include <optional>

#include "base/bytes.h"
#include "base/file_system.h"
#include "store/crypto.h"
#include "store/object_id.h"
#include "store/split.h"
#include "store/spool.h"

namespace store {

class MessageIntake {
 public:
  using StorePart = std::function<ObjectId(PartKind, base::ByteView)>;

  // `spool_folder` is for messages of more than `most_in_memory` bytes.
  MessageIntake(const base::Path& spool_folder, std::size_t most_in_memory);

  void add(base::ByteView piece);

  std::uint64_t size() const { return spool_.size(); }
  Sha256 finish_digest();  // once a message

  // As much of the message as a header may have; lives until the next add() or clear().
  base::ByteView beginning();

  // The record of what was added. It rebuilds to a message with this digest: that was tried.
  base::Bytes make_record(const Sha256& digest, const StorePart& store_part);

  // Ready for the next message.
  void clear();

 private:
  std::optional<base::Bytes> try_record(const Sha256& digest, const StorePart& store_part,
                                        const SplitLimits& limits);

  base::Path spool_folder_;
  Spool spool_;
  Sha256Hash digest_;
};

}  // namespace store
