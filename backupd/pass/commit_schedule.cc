#include "backupd/pass/commit_schedule.h"

#include <utility>

namespace backupd {

namespace {

constexpr std::chrono::minutes kCommitInterval{5};
constexpr std::chrono::minutes kAccountInterval{1};
constexpr std::uint64_t kCommitBytes = 1ULL << 30U;  // written to packs since the last commit

}  // namespace

CommitSchedule::CommitSchedule(store::Writer& writer, const base::Clock& clock,
                               std::function<void()> before_commit)
    : writer_(writer),
      clock_(clock),
      before_commit_(std::move(before_commit)),
      last_(clock.steady_now()) {}

void CommitSchedule::join(Participant& participant) {
  participants_.push_back(&participant);
}

void CommitSchedule::leave(Participant& participant) {
  std::erase(participants_, &participant);
  has_one_left_ = true;
}

bool CommitSchedule::is_due() const {
  return clock_.steady_now() - last_ >= kCommitInterval ||
         writer_.statistics().stored_bytes - bytes_then_ >= kCommitBytes;
}

void CommitSchedule::commit_if_due() {
  if (is_due()) commit();
}

bool CommitSchedule::is_due_for_account() const {
  return is_due() || clock_.steady_now() - last_ >= kAccountInterval;
}

void CommitSchedule::commit_if_due_for_account() {
  if (is_due_for_account()) commit();
}

void CommitSchedule::commit_if_worthwhile() {
  const bool has_news = writer_.statistics().new_messages != messages_then_;
  if ((has_news && is_due()) || (has_one_left_ && is_due_for_account())) commit();
}

void CommitSchedule::commit() {
  for (Participant* participant : participants_) participant->park();
  if (before_commit_) before_commit_();
  writer_.commit();
  last_ = clock_.steady_now();
  bytes_then_ = writer_.statistics().stored_bytes;
  messages_then_ = writer_.statistics().new_messages;
  has_one_left_ = false;
}

}  // namespace backupd
