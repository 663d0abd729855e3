#include "backupd/pass/folders_ahead.h"

#include <algorithm>
#include <utility>

#include "backupd/pass/folder_fetch.h"
#include "backupd/pass/folder_status.h"

namespace backupd {

namespace {

// A larger one keeps the server busy without others behind it, and would be costly to discard.
constexpr std::uint64_t kMaxBytes = std::uint64_t{1} << 20;

}  // namespace

void FoldersAhead::begin(const imap::Session& session) {
  window_ = kMinAhead;
  is_proven_ = false;
  discarded_ = session.discarded_ahead();
  discards_ = 0;
  requested_.clear();
  last_.reset();
}

bool FoldersAhead::is_suitable(const imap::Folder& folder) const {
  if (losses_ >= kMaxLosses || !folder.status || suspects_.contains(folder.raw_name)) return false;
  const imap::FolderStatus& status = *folder.status;
  return status.uid_validity.value_or(0) != 0 && status.messages &&
         *status.messages <= kMaxWithoutThreads && status.size.value_or(0) <= kMaxBytes;
}

void FoldersAhead::request(imap::Session& session, const std::vector<imap::Folder>& folders,
                           std::size_t at, const TurnOf& turn_of) {
  const std::size_t under_way = session.requested_ahead();
  while (requested_.size() > under_way) requested_.pop_front();
  if (is_off_ || !session.can_request_ahead()) return;
  if (under_way == 0) next_ = at;
  // Few large batches take fewer packets. The first one is proven before another follows.
  const bool is_time = under_way == 0 || (is_proven_ && under_way <= window_ / 2);
  while (is_time && next_ < folders.size() && requested_.size() < window_) {
    const imap::Folder& folder = folders[next_];
    const Turn turn = turn_of(folder);
    if (turn == Turn::kAlone) return;
    ++next_;
    if (turn == Turn::kSkipped) continue;
    session.request_ahead(folder);
    requested_.push_back({folder.raw_name, !requested_.empty()});
  }
}

void FoldersAhead::note_passed(const imap::Session& session) {
  last_.reset();
  if (std::exchange(discarded_, session.discarded_ahead()) != session.discarded_ahead()) {
    window_ = kMinAhead;
    is_off_ |= ++discards_ == kMaxDiscards;
  } else if (requested_.size() > session.requested_ahead()) {
    last_ = requested_.front();
    discards_ = 0;
    if (is_proven_) window_ = std::min(2 * window_, kMaxAhead);
  }
}

bool FoldersAhead::note_loss(const imap::Session& session, const imap::Folder& folder,
                             Reading reading) {
  if (reading != Reading::kAtOnce && session.requested_ahead() == 0) return false;
  suspects_.insert(folder.raw_name);
  for (const Requested& requested : requested_) suspects_.insert(requested.raw_name);
  is_off_ |= ++losses_ == kMaxLosses;
  return true;
}

bool FoldersAhead::needs_proof(const imap::Folder& folder,
                               const store::FolderRecord& record) const {
  if (!last_ || last_->raw_name != folder.raw_name || record.receipt.messages == 0) return false;
  const bool is_first = last_->is_behind_another && !is_proven_;
  return is_first || (are_sizes_comparable_ && differs_in_size_only(folder, record));
}

bool FoldersAhead::note_proof(const imap::Session& session, const store::FolderRecord& record,
                              const store::FolderRecord& compared) {
  discarded_ = session.discarded_ahead();
  const bool has_changed_meanwhile = record.receipt.messages != compared.receipt.messages ||
                                     record.info.uid_next != compared.info.uid_next ||
                                     record.info.uid_validity != compared.info.uid_validity;
  if (has_changed_meanwhile) return true;  // the next folder is compared instead
  const bool agrees = record.receipt == compared.receipt;
  is_off_ |= !agrees;
  is_proven_ |= agrees;
  return agrees;
}

}  // namespace backupd
