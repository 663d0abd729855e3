#include "restore/tree_writer.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "base/error.h"

namespace restore {

namespace {

constexpr std::size_t kMaxInBatch = 200;
constexpr std::uint64_t kMaxBytesInBatch = 4U << 20U;
// In all incomplete batches, which pile up if the folders are scattered over the store.
constexpr std::uint64_t kMaxBytesWaiting = 16U << 20U;
// The server may still be storing what it received over a lost connection.
constexpr std::chrono::seconds kAfterLoss{1};

}  // namespace

TreeWriter::TreeWriter(imap::Session& session, WorkPool::OpenSession open, unsigned connections,
                       store::Reader& reader, base::Clock& clock)
    : session_(session),
      open_(std::move(open)),
      connections_(connections),
      reader_(reader),
      clock_(clock) {}

imap::Session TreeWriter::reopen(FolderRestore::Unusable why) {
  if (why == FolderRestore::Unusable::kByLostConnection) clock_.sleep_for(kAfterLoss);
  return open_();
}

void TreeWriter::add(const PlannedFolder& folder, const store::TreeLevel& level, Start start) {
  Writing writing;
  writing.folder = std::make_unique<FolderRestore>(folder, level, start);
  writing.unread = folder.messages.size();
  writing.under_way = 1;
  folders_.push_back(std::move(writing));
}

// Not more connections than there are batches: opening one takes some round trips.
unsigned TreeWriter::useful_connections() const {
  std::uint64_t messages = 0;
  std::uint64_t bytes = 0;
  for (const Writing& writing : folders_) {
    messages += writing.unread;
    bytes += writing.folder->bytes();
  }
  const std::uint64_t batches = 1 + std::max(messages / kMaxInBatch, bytes / kMaxBytesInBatch);
  return static_cast<unsigned>(std::min<std::uint64_t>(connections_, batches));
}

void TreeWriter::run(const Done& done) {
  for (const Writing& writing : folders_) {
    writing.folder->open(session_, [this](auto why) { return reopen(why); });
  }
  {
    WorkPool pool(session_, open_, useful_connections());
    read(pool, done);
    pool.finish();
  }
  for (const Writing& writing : folders_) writing.folder->describe(session_, reader_);
}

void TreeWriter::read(WorkPool& pool, const Done& done) {
  std::vector<store::MessageId> ids;
  std::vector<std::size_t> first;  // of each folder, in `ids`
  for (const Writing& writing : folders_) {
    first.push_back(ids.size());
    for (const auto& entry : writing.folder->planned().messages) ids.push_back(entry.message);
  }
  for (std::size_t index = 0; index < folders_.size(); ++index) {
    if (folders_[index].unread == 0) flush(index, pool, done);
  }
  const auto place = [&](std::size_t at) {
    // If several folders begin there, all but the last are empty.
    const auto after = std::upper_bound(first.begin(), first.end(), at);
    return static_cast<std::size_t>(after - first.begin()) - 1;
  };
  reader_.read_messages(
      ids,
      [&](std::size_t at, const store::MessageBytes& bytes) {
        const std::size_t index = place(at);
        Writing& writing = folders_[index];
        const std::size_t position = at - first[index];
        if (writing.folder->wants(position, bytes)) {
          writing.batch.push_back({position, bytes});
          writing.bytes += bytes.size();
          waiting_bytes_ += bytes.size();
        } else {
          handled_(index, 1, writing.folder->planned().messages[position].size);
        }
        was_read(index, pool, done);
      },
      [&](std::size_t at, const base::Error& why) {
        const std::size_t index = place(at);
        const std::size_t position = at - first[index];
        if (why.code() == base::ErrorCode::kNoSpace) {
          folders_[index].folder->give_up(position, why.what());
        } else {
          folders_[index].folder->give_up_unreadable(position, why.what());
        }
        handled_(index, 1, folders_[index].folder->planned().messages[position].size);
        was_read(index, pool, done);
      });
}

void TreeWriter::was_read(std::size_t index, WorkPool& pool, const Done& done) {
  Writing& writing = folders_[index];
  --writing.unread;
  if (writing.unread == 0 || writing.batch.size() >= kMaxInBatch ||
      writing.bytes >= kMaxBytesInBatch) {
    flush(index, pool, done);
  } else if (waiting_bytes_ >= kMaxBytesWaiting) {
    const auto largest =
        std::max_element(folders_.begin(), folders_.end(),
                         [](const Writing& a, const Writing& b) { return a.bytes < b.bytes; });
    flush(static_cast<std::size_t>(largest - folders_.begin()), pool, done);
  }
}

void TreeWriter::flush(std::size_t index, WorkPool& pool, const Done& done) {
  Writing& writing = folders_[index];
  const std::uint64_t bytes = std::exchange(writing.bytes, 0);
  waiting_bytes_ -= bytes;
  // The last batch takes over the part counted for reading.
  if (writing.unread > 0) {
    const std::lock_guard lock(mutex_);
    ++writing.under_way;
  }
  auto batch =
      std::make_shared<std::vector<FolderRestore::Waiting>>(std::exchange(writing.batch, {}));
  pool.put(bytes, [this, index, batch, &done](imap::Session& session) {
    folders_[index].folder->append(session, *batch, [this](auto why) { return reopen(why); });
    std::uint64_t planned_bytes = 0;
    for (const FolderRestore::Waiting& message : *batch) {
      planned_bytes += folders_[index].folder->planned().messages[message.position].size;
    }
    handled_(index, batch->size(), planned_bytes);
    batch->clear();
    finish_part(index, session, done);
  });
}

// The part that finishes last compares the folder.
void TreeWriter::finish_part(std::size_t index, imap::Session& session, const Done& done) {
  Writing& writing = folders_[index];
  {
    const std::lock_guard lock(mutex_);
    if (--writing.under_way > 0) return;
  }
  writing.folder->compare(session, [this](auto why) { return reopen(why); });
  const std::lock_guard lock(done_mutex_);
  done(index, *writing.folder);
}

std::vector<FolderReport> TreeWriter::report() {
  std::vector<FolderReport> reports;
  reports.reserve(folders_.size());
  for (const Writing& writing : folders_) reports.push_back(writing.folder->report());
  return reports;
}

bool TreeWriter::left_off_deleted() const {
  return std::any_of(folders_.begin(), folders_.end(),
                     [](const Writing& writing) { return writing.folder->left_off_deleted(); });
}

}  // namespace restore
