// The commit records of a store (store/format/commit_record.h): reading them by number, and
// publishing one, which only one of several writers can do.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "store/format/block.h"
#include "store/format/commit_record.h"
#include "store/storage/storage.h"

namespace store {

// Whether a storage that may not create names once has been tried, and is trusted to do so as long
// as nothing shows otherwise (store/fence.h).
enum class Fence { kNone, kTrusted };

// For one thread. Fails like the storage, and with kConfig if a newer version of mailstow wrote a
// record. Records that can't be read are left out: damage().
class CommitLog {
 public:
  // Both must outlive it.
  CommitLog(Storage& storage, const BlockContext& context) : storage_(storage), context_(context) {}

  // Whether no commit has one, as in a store that only earlier versions wrote to.
  bool is_empty();

  // Those that begin with the commit of this number: at most one where names are created once.
  std::vector<CommitRecord> of(std::uint64_t number);

  // Those of commits with higher numbers, in their order: what a listing shows, and what can be
  // read by name, one after the other.
  std::vector<CommitRecord> after(std::uint64_t number);

  // The numbers, from `oldest` on, of which several records name different commits. Empty where
  // names are created once.
  std::vector<std::vector<CommitRecord>> forks(std::uint64_t oldest);

  // Publishes the record of a commit whose pack is durable; also if it already is. Returns another
  // writer's record of the same number if there is one: then this commit does not count, or, where
  // names are not created once, both do, unless both writers have the fence. Fails with kDamaged if
  // the name is taken by something else.
  std::optional<CommitRecord> publish(const CommitRecord& record, Fence fence = Fence::kNone);

  // A line for each record that could not be read.
  std::vector<std::string> take_damage() { return std::exchange(damage_, {}); }

 private:
  std::vector<BlobName> listed(std::string_view prefix, std::string_view after);
  std::optional<CommitRecord> read(const BlobName& name);
  std::optional<CommitRecord> read_if_whole(const BlobName& name);
  std::optional<CommitRecord> create(const CommitRecord& record);
  std::optional<CommitRecord> put(const CommitRecord& record, Fence fence);
  std::optional<CommitRecord> pass_fence(const CommitRecord& record);
  std::optional<CommitRecord> existing_other(const BlobName& name, const CommitRecord& record);

  Storage& storage_;
  const BlockContext& context_;
  std::vector<std::string> damage_;
};

}  // namespace store
