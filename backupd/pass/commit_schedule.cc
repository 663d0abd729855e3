#include "backupd/pass/commit_schedule.h"

namespace backupd {

namespace {

constexpr std::chrono::minutes kCommitInterval{5};
constexpr std::uint64_t kCommitBytes = 1ULL << 30U;  // written to packs since the last commit

}  // namespace

CommitSchedule::CommitSchedule(store::Writer& writer, const base::Clock& clock)
    : writer_(writer), clock_(clock), last_(clock.steady_now()) {}

void CommitSchedule::join(Participant& participant) {
  participants_.push_back(&participant);
}

void CommitSchedule::leave(Participant& participant) {
  std::erase(participants_, &participant);
}

bool CommitSchedule::is_due() const {
  return clock_.steady_now() - last_ >= kCommitInterval ||
         writer_.statistics().stored_bytes - bytes_then_ >= kCommitBytes;
}

void CommitSchedule::commit_if_due() {
  if (is_due()) commit();
}

void CommitSchedule::commit() {
  for (Participant* participant : participants_) participant->park();
  writer_.commit();
  last_ = clock_.steady_now();
  bytes_then_ = writer_.statistics().stored_bytes;
}

}  // namespace backupd
