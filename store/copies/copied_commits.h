// The commits that a copy has: the newest one, and those since the last checkpoint.
#pragma once

#include <chrono>
#include <optional>
#include <vector>

#include "store/format/block.h"
#include "store/format/commit_chain.h"
#include "store/format/commit_record.h"
#include "store/index/commit_mark.h"
#include "store/storage/storage.h"

namespace store {

// Reads the copy alone: its commit records, and the packs that they name. For one thread.
class CopiedCommits {
 public:
  // Looks for the newest commit. One whose record or pack can't be read does not count: it is sent
  // again. Both arguments must outlive this.
  CopiedCommits(Storage& copy, const BlockContext& context);

  // Number 0: there is no commit.
  const CommitMark& newest() const { return newest_; }
  std::chrono::sys_seconds newest_time() const { return newest_time_; }
  // That of the newest commit's pack; nullopt: there is no commit.
  const std::optional<CommitRecord>& newest_record() const { return record_; }

  // What a copy at that commit has: the commits since the last checkpoint, oldest first, as far as
  // they can be read.
  const std::vector<NamedCommit>& since_checkpoint();

  // The records of the commits before that number, as far as they are listed and can be read.
  std::vector<CommitRecord> records_before(std::uint64_t number);

  // The commits of a record, oldest first. Nullopt: the pack is missing or unreadable, or has
  // others.
  std::optional<std::vector<NamedCommit>> read_pack(const CommitRecord& record);

  // After these commits, which are in one pack, were published.
  void add(const std::vector<NamedCommit>& commits);

 private:
  std::optional<CommitRecord> read_record(const BlobName& name);
  std::optional<CommitRecord> find_previous(const CommitRecord& record);
  void load();

  Storage& copy_;
  const BlockContext& context_;
  std::vector<BlobName> listed_;        // the commit records, the highest number last
  std::optional<CommitRecord> record_;  // of the commit that was found
  CommitMark newest_;
  std::chrono::sys_seconds newest_time_{};
  bool is_loaded_ = false;
  std::vector<NamedCommit> commits_;
};

}  // namespace store
