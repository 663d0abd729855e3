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

  // `spool_folder` is for messages that don't fit in memory. `keys` must outlive the intake.
  MessageIntake(const Keys& keys, const base::Path& spool_folder);

  void add(base::ByteView piece);

  struct Names {
    MessageId id;
    Sha256 digest;
    std::uint64_t size = 0;
  };
  Names finish_hashes();  // once a message

  // The record of what was added. It rebuilds to a message with the id `expected`: that was tried.
  base::Bytes make_record(const MessageId& expected, const StorePart& store_part);

  // Ready for the next message.
  void clear();

 private:
  std::optional<base::Bytes> try_record(const MessageId& expected, const StorePart& store_part,
                                        const SplitLimits& limits);

  const Keys& keys_;
  base::Path spool_folder_;
  Spool spool_;
  IdHash id_;
  Sha256Hash digest_;
};

}  // namespace store
