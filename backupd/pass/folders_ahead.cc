#include "backupd/pass/folders_ahead.h"

#include <algorithm>
#include <utility>

#include "backupd/pass/folder_fetch.h"
#include "backupd/pass/folder_status.h"

namespace backupd {

namespace {

using store::FolderCompleteness;

// A larger one keeps the server busy without others behind it, and would be costly to discard.
constexpr std::uint64_t kMaxBytes = std::uint64_t{1} << 20;

bool is_whole(const store::FolderRecord& record) {
  return record.info.completeness == FolderCompleteness::kComplete && record.info.skipped.empty();
}

bool agrees_in_size(const imap::FolderStatus& status, const store::FolderRecord& record) {
  return agrees(status, record) && status.size == record.bytes;
}

bool agrees_with_server(const imap::FolderStatus& listed, const imap::Session& session,
                        const store::FolderRecord& record) {
  if (listed.size) return agrees_in_size(listed, record);
  if (!agrees(listed, record)) return false;
  const std::optional<imap::FolderStatus>& behind = session.status_ahead();
  return listed.messages == 0U || session.is_named_ahead() ||
         (behind && agrees_in_size(*behind, record));
}

// As far as the answers to EXAMINE show.
bool has_changed_meanwhile(const store::FolderInfo& before, const store::FolderInfo& now) {
  return before.uid_validity != now.uid_validity || before.uid_next != now.uid_next ||
         before.highest_modseq != now.highest_modseq;
}

}  // namespace

void FoldersAhead::begin(const imap::Session& session) {
  window_ = kMinAhead;
  is_proven_ = false;
  proven_before_ = 0;
  discarded_ = session.discarded_ahead();
  discards_ = 0;
  comparisons_ = 0;
  requested_.clear();
  confirmed_.reset();
}

bool FoldersAhead::is_small(const imap::Session& session, const imap::Folder& folder) {
  if (!folder.status) return false;
  const imap::FolderStatus& status = *folder.status;
  const bool may_be_small =
      status.size ? *status.size <= kMaxBytes : session.capabilities().has("STATUS=SIZE");
  return status.uid_validity.value_or(0) != 0 && status.uid_next.value_or(0) != 0 &&
         status.messages && *status.messages <= kMaxWithoutThreads && may_be_small;
}

void FoldersAhead::request(imap::Session& session, const std::vector<imap::Folder>& folders,
                           std::size_t at, const TurnOf& turn_of) {
  const std::size_t under_way = session.requested_ahead();
  while (requested_.size() > under_way) requested_.pop_front();
  if (is_off_) return;
  const TurnOf final_turn_of = [&](const imap::Folder& folder) {
    const Turn turn = turn_of(folder);
    const bool must_be_alone = turn == Turn::kMayBeAhead && (suspects_.contains(folder.raw_name) ||
                                                             !session.can_request_ahead(folder));
    return must_be_alone ? Turn::kAlone : turn;
  };
  if (under_way == 0) next_ = at;
  // Few large batches take fewer packets. The first ones are proven before another follows.
  const bool is_time = is_proven_ ? under_way <= window_ / 2
                                  : under_way == 0 && are_enough(folders, at, final_turn_of);
  const std::size_t before = requested_.size();
  while (is_time && next_ < folders.size() && requested_.size() < window_) {
    const imap::Folder& folder = folders[next_];
    const Turn turn = final_turn_of(folder);
    if (turn == Turn::kAlone) break;
    ++next_;
    if (turn == Turn::kSkipped) continue;
    requested_.push_back({folder, session.requested_ahead()});
    session.request_ahead(folder);
  }
  if (requested_.size() > before) session.send_ahead();
  if (requested_.empty()) confirmed_.reset();
  is_followed_ = requested_.size() > 1;
}

// Whether so many may be requested ahead, one after the other, that this is worth the comparisons.
bool FoldersAhead::are_enough(const std::vector<imap::Folder>& folders, std::size_t at,
                              const TurnOf& turn_of) {
  constexpr std::size_t kEnough = 32;
  constexpr std::size_t kMaxLooks = 128;  // most folders may be unchanged
  const std::size_t end = std::min(folders.size(), at + kMaxLooks);
  std::size_t found = 0;
  for (; at < end && found < kEnough; ++at) {
    const Turn turn = turn_of(folders[at]);
    if (turn == Turn::kAlone) return false;
    if (turn == Turn::kMayBeAhead) ++found;
  }
  return found == kEnough;
}

bool FoldersAhead::has_requested(const imap::Folder& folder) const {
  return std::ranges::any_of(
      requested_, [&](const Requested& one) { return one.folder.raw_name == folder.raw_name; });
}

void FoldersAhead::learn_from(const FoldersAhead& other) {
  suspects_.insert(other.suspects_.begin(), other.suspects_.end());
  losses_ = std::max(losses_, other.losses_);
  is_contradicted_ |= other.is_contradicted_;
  is_off_ |= is_contradicted_ || losses_ >= kMaxLosses;
}

void FoldersAhead::put_requested_first(std::vector<imap::Folder>& folders, std::size_t at) {
  const auto end = folders.begin() + static_cast<std::ptrdiff_t>(std::max(next_, at));
  const auto others =
      std::stable_partition(folders.begin() + static_cast<std::ptrdiff_t>(at), end,
                            [&](const imap::Folder& folder) { return has_requested(folder); });
  next_ = static_cast<std::size_t>(others - folders.begin());
}

Reading FoldersAhead::reading_of(const imap::Folder& folder) const {
  const bool is_ahead =
      !requested_.empty() && requested_.front().folder.raw_name == folder.raw_name;
  return is_ahead ? Reading::kAtOnce : Reading::kStepByStep;
}

bool FoldersAhead::accepts(const imap::Session& session, const imap::Folder& folder,
                           const store::FolderRecord& record) {
  // The server opened nothing, with nothing behind the command.
  const bool is_refused = record.info.completeness == FolderCompleteness::kUnreadable;
  is_evidence_ = is_followed_ && session.discarded_ahead() == discarded_;
  if (std::exchange(discarded_, session.discarded_ahead()) != session.discarded_ahead()) {
    window_ = kMinAhead;
    is_off_ |= ++discards_ == kMaxDiscards;
  } else {
    discards_ = 0;
  }
  const bool is_empty = record.receipt.messages == 0;
  const bool is_same = agrees_with_server(folder.status.value(), session, record);
  const bool is_trusted =
      is_proven_ && !is_contradicted_ && requested_.front().before <= proven_before_;
  if (!is_refused && !(is_same && (is_trusted || is_empty))) return false;
  confirmed_.reset();
  if (is_proven_) {
    if (proven_before_ > 0) comparisons_ = 0;
    if (!is_refused) confirmed_ = record.receipt;
    if (discards_ == 0 && proven_before_ > 0) window_ = std::min(2 * window_, kMaxAhead);
  }
  return true;
}

bool FoldersAhead::compare(const imap::Session& session, const store::FolderRecord& record,
                           const store::FolderRecord& alone) {
  window_ = kMinAhead;
  discarded_ = session.discarded_ahead();
  is_off_ |= ++comparisons_ == kMaxComparisons;
  const std::optional<store::Receipt> before = std::exchange(confirmed_, std::nullopt);
  if (!is_whole(alone) || has_changed_meanwhile(record.info, alone.info)) return true;
  if (record.receipt != alone.receipt) {
    is_off_ = is_contradicted_ = true;
    return false;
  }
  if (!is_evidence_ || alone.receipt.messages == 0) return true;
  confirmed_ = alone.receipt;
  if (!before || *before == alone.receipt) return true;
  const std::size_t under_way = requested_.front().before;
  if (is_proven_ && under_way > proven_before_) {
    // Only the last one of a full batch is compared once more.
    constexpr std::size_t kLast = kMaxAhead - 1;
    proven_before_ = under_way == kLast ? kLast : kLast - 1;
  }
  is_proven_ = true;
  return true;
}

const imap::Folder& FoldersAhead::failed_over(const imap::Session& session,
                                              const imap::Folder& folder) const {
  const auto found = std::ranges::find_if(requested_, [&](const Requested& one) {
    return one.folder.raw_name == session.discarding();
  });
  return found == requested_.end() ? folder : found->folder;
}

bool FoldersAhead::note_loss(const imap::Session& session, const imap::Folder& folder,
                             Reading reading) {
  const bool is_alone = session.requested_ahead() == 0 && session.discarding().empty();
  if (reading != Reading::kAtOnce && is_alone) return false;
  suspects_.insert(folder.raw_name);
  for (const Requested& other : requested_) suspects_.insert(other.folder.raw_name);
  is_off_ |= ++losses_ == kMaxLosses;
  return true;
}

}  // namespace backupd
