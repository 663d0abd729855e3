// Takes in one message: collects, hashes and splits it, and proves by rebuilding that nothing is
// lost.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "base/bytes.h"
#include "base/file_system.h"
#include "store/format/crypto.h"
#include "store/format/object_id.h"
#include "store/message/split.h"
#include "store/message/spool.h"

namespace store {

// One thread at a time, which need not be the store's: it never accesses the store.
class MessageIntake {
 public:
  // `spool_directory` is for messages of more than `max_in_memory` bytes, and `keep_free` bytes of
  // its disk stay free. It and `keys` must outlive the intake.
  MessageIntake(const base::Path& spool_directory, std::size_t max_in_memory, const Keys& keys,
                std::uint64_t keep_free = 0);
  MessageIntake(const MessageIntake&) = delete;
  MessageIntake& operator=(const MessageIntake&) = delete;
  ~MessageIntake();

  void add(base::ByteView piece);

  std::uint64_t size() const { return spool_.size(); }
  std::size_t memory() const;  // bytes, approximately

  // Call when the whole message was added. Splits it, and proves that its parts rebuild it. A
  // second call does nothing.
  void finish();

  // Valid after finish(), until clear().
  const Sha256& digest() const { return digest_; }
  base::ByteView record() const { return record_; }
  // Each part once, in the order of the message.
  void for_each_part(const std::function<void(PartKind, const ObjectId&, base::ByteView)>& take);

  // As much of the message as a header can take; valid until the next add() or clear().
  base::ByteView beginning();

  // Ready for the next message.
  void clear();

 private:
  class Parts;

  bool try_split(const SplitLimits& limits);

  const base::Path& spool_directory_;
  std::uint64_t keep_free_;
  const Keys& keys_;
  Spool spool_;
  std::optional<Sha256Hash> hash_;  // set once something was added
  bool is_finished_ = false;
  Sha256 digest_;
  base::Bytes record_;
  std::unique_ptr<Parts> parts_;
};

}  // namespace store
