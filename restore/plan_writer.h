// Restores the messages of a plan: every folder through TreeWriter, over a new connection where one
// is lost, with the result in the report.
#pragma once

#include <functional>
#include <string>

#include "base/clock.h"
#include "imap/session.h"
#include "restore/plan.h"
#include "restore/progress_events.h"
#include "restore/restore_report.h"
#include "restore/restore_target.h"
#include "restore/tree_writer.h"

namespace restore {

// The report on a folder of the plan of which nothing is restored yet.
FolderReport report_of(const PlannedFolder& folder);

class PlanWriter {
 public:
  struct Destination {
    imap::Session& session;  // replaced by write() after a lost connection
    WorkPool::OpenSession open;
    unsigned connections;  // at most, `session` included
    base::Clock& clock;
    ProgressEvents& progress;
  };
  // All must outlive it.
  PlanWriter(Destination destination, const Plan& plan, store::Reader& reader,
             RestoreReport& report)
      : destination_(std::move(destination)), plan_(plan), reader_(reader), report_(report) {}

  // Fails as the session does, after a few connections; the report shows how far it came.
  void write(RestoreTarget& target, Start start);

 private:
  void write_once(RestoreTarget& target, Start start);

  Destination destination_;
  const Plan& plan_;
  store::Reader& reader_;
  RestoreReport& report_;
};

}  // namespace restore
