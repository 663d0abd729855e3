// Writes the folders of a tree: messages are read in the store's own order, whichever folders they
// belong to, and meanwhile sent over several connections; each folder is read back and compared as
// soon as it is complete.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "restore/folder_restore.h"
#include "restore/work_pool.h"
#include "store/reader.h"

namespace restore {

class TreeWriter {
 public:
  // All must outlive it. `connections`: the maximum, including `session`.
  TreeWriter(imap::Session& session, WorkPool::OpenSession open, unsigned connections,
             store::Reader& reader, base::Clock& clock);

  // Messages that a run that died already put into the folder are not sent again. `level`: the
  // level that its messages go into.
  void add(const PlannedFolder& folder, const store::TreeLevel& level, Start start);

  // Called for the folder that was added as the `index`th, once it has been compared: one call at a
  // time, from any thread.
  using Done = std::function<void(std::size_t index, const FolderRestore& folder)>;

  // Called when messages of the folder that was added as the `index`th were sent, or found to be
  // there, or can't be sent: from any thread, several at a time. `bytes`: as planned.
  using Handled =
      std::function<void(std::size_t index, std::uint64_t messages, std::uint64_t bytes)>;
  void on_handled(Handled handled) { handled_ = std::move(handled); }

  // Fails as the session does; report() then shows how far it got.
  void run(const Done& done);

  // In the order in which they were added.
  std::vector<FolderReport> report();
  bool left_off_deleted() const;

 private:
  struct Writing {
    std::unique_ptr<FolderRestore> folder;
    std::vector<FolderRestore::Waiting> batch;  // used only by the reading thread, like `bytes`
    std::uint64_t bytes = 0;                    // in `batch`
    std::size_t unread = 0;
    std::size_t under_way = 0;  // batches, plus one for reading; guarded by mutex_
  };

  imap::Session reopen(FolderRestore::Unusable why);
  void read(WorkPool& pool, const Done& done);
  void flush(std::size_t index, WorkPool& pool, const Done& done);
  void was_read(std::size_t index, WorkPool& pool, const Done& done);
  void finish_part(std::size_t index, imap::Session& session, const Done& done);
  unsigned useful_connections() const;

  imap::Session& session_;
  WorkPool::OpenSession open_;
  unsigned connections_;
  store::Reader& reader_;
  base::Clock& clock_;
  Handled handled_ = [](auto...) {};
  std::vector<Writing> folders_;
  std::uint64_t waiting_bytes_ = 0;  // in all batches
  std::mutex mutex_;                 // guards under_way
  std::mutex done_mutex_;            // held during `done`
};

}  // namespace restore
