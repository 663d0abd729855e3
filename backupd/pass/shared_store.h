// The state that the accounts of one run share.
#pragma once

#include <mutex>

#include "backupd/pass/cause_log.h"
#include "backupd/pass/commit_schedule.h"
#include "backupd/pass/message_pipe.h"
#include "backupd/pass/pass_progress.h"
#include "store/writer.h"

namespace backupd {

struct SharedStore {
  store::Writer& writer;
  CommitSchedule& schedule;
  std::mutex& mutex;  // of both: StoreTurn
  PipeBudget& budget;
  ProgressBoard& progress;
  CauseLog& causes;
};

}  // namespace backupd
