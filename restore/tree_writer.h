// Writes the folders of a tree: their messages read from the store in its own order, whichever
// folders they belong to, sent over several connections meanwhile, and each folder read back and
// compared as soon as it is whole.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "restore/folder_restore.h"
#include "restore/work_pool.h"
#include "store/reader.h"

namespace restore {

class TreeWriter {
 public:
  // All must outlive it. `connections`: at most, `session` included.
  TreeWriter(imap::Session& session, WorkPool::OpenSession open, unsigned connections,
             store::Reader& reader);

  // What of the folder is there already, from a run that died, is not sent again. `level`: where
  // its messages go.
  void add(const PlannedFolder& folder, const store::TreeLevel& level, Begun begun);

  // Of the folder that was added as the `index`th, when it has been compared: one call at a time,
  // from any thread.
  using Done = std::function<void(std::size_t index, const FolderRestore& folder)>;

  // Fails as the session does; `report` tells how far it came.
  void run(const Done& done);

  // In the order in which they were added.
  std::vector<FolderReport> report();
  bool left_off_deleted() const;

 private:
  struct Writing {
    std::unique_ptr<FolderRestore> folder;
    std::vector<FolderRestore::Waiting> batch;  // of the reading thread, as is the next
    std::uint64_t bytes = 0;                    // in it
    std::size_t unread = 0;
    std::size_t under_way = 0;  // batches, and the reading; guarded by mutex_
  };

  void read(WorkPool& pool, const Done& done);
  void flush(std::size_t index, WorkPool& pool, const Done& done);
  void was_read(std::size_t index, WorkPool& pool, const Done& done);
  void leave(std::size_t index, imap::Session& session, const Done& done);
  unsigned useful_connections() const;

  imap::Session& session_;
  WorkPool::OpenSession open_;
  unsigned connections_;
  store::Reader& reader_;
  std::vector<Writing> folders_;
  std::uint64_t waiting_bytes_ = 0;  // in all batches
  std::mutex mutex_;                 // of under_way
  std::mutex done_mutex_;            // held during `done`
};

}  // namespace restore
