// The small blobs of a copy, which have names of their own and never change: key slots, commit
// records, owner records, versions of tree records.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "store/copies/commit_steps.h"
#include "store/format/block.h"
#include "store/storage/storage.h"

namespace store {

// For one thread. Fails like the storages.
class CopyRecords {
 public:
  // Fails with kConfig if the copy is neither empty nor a copy of this store, finished or not. All
  // arguments must outlive this.
  CopyRecords(Storage& store, Storage& copy, const BlockContext& context);

  // Whether the copy has a key slot of this store.
  bool has_slots() const { return has_slots_; }

  void send_slots();
  // The ids of the slots that only the copy has.
  std::set<std::string> vanished_slots();

  // The record of commits that were published: the store's, or a new one if it has none that can be
  // read.
  void send_commit_record(const CommitStep& step);

  // What the store has and the copy lacks. Records that do not authenticate are left out, but for
  // those of a newer version of mailstow.
  void send_owner_records();
  void send_tree_records();

  std::uint64_t sent() const { return sent_; }
  // A line for each record that can't be sent.
  const std::vector<std::string>& damage() const { return damage_; }

 private:
  void require_own_copy();
  bool opens_a_pack();
  bool send_slot(const BlobName& name, base::ByteView bytes);
  void send_newer_slots();
  bool put_once(const BlobName& name, base::ByteView bytes);

  Storage& store_;
  Storage& copy_;
  const BlockContext& context_;
  bool has_slots_ = false;
  std::uint64_t sent_ = 0;
  std::vector<std::string> damage_;
};

}  // namespace store
