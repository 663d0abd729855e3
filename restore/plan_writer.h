// Carries out what a plan says of messages: every folder through TreeWriter, over a new connection
// where one is lost, and what became of it into the report.
#pragma once

#include <functional>
#include <string>

#include "base/clock.h"
#include "imap/session.h"
#include "restore/plan.h"
#include "restore/restore_report.h"
#include "restore/tree_writer.h"

namespace restore {

// What the plan says of one folder, with nothing of it done yet.
FolderReport report_of(const PlannedFolder& folder);

class PlanWriter {
 public:
  struct Into {
    imap::Session& session;  // another one after write(), where the connection was lost
    WorkPool::OpenSession open;
    unsigned connections;  // at most, `session` included
    base::Clock& clock;
  };
  // All must outlive it.
  PlanWriter(Into into, const Plan& plan, store::Reader& reader, RestoreReport& report)
      : into_(std::move(into)), plan_(plan), reader_(reader), report_(report) {}

  struct Folders {
    // Nothing if the folder of this raw name may be written into; else why not.
    std::function<std::string(const std::string& raw_name)> refusal;
    // Its level of the tree; nothing where no tree is restored.
    std::function<store::TreeLevel*(const std::string& raw_name)> level;
    // When a level's messages have been set. One call at a time, from any thread.
    std::function<void()> record;
    // On a new connection, before it goes on with what is not there yet.
    std::function<void()> look_again;
  };
  // Fails as the session does, after a few connections; the report tells how far it came.
  void write(const Folders& folders, Begun begun);

 private:
  void write_once(const Folders& folders, Begun begun);

  Into into_;
  const Plan& plan_;
  store::Reader& reader_;
  RestoreReport& report_;
};

}  // namespace restore
