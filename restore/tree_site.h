// What a run does to the folders of its tree beside filling them: they are subscribed, and what was
// created for nothing is removed.
#pragma once

#include <string>
#include <vector>

#include "base/program/program.h"
#include "imap/session.h"
#include "store/format/location.h"
#include "store/tree_record.h"

namespace restore {

class TreeSite {
 public:
  struct Of {
    imap::Session& session;
    store::TreeRecords& records;
    store::TreeRecord& record;
    const std::vector<store::TreeRecord>& others;  // of the account's other trees
  };
  // All must outlive it.
  TreeSite(const base::Environment& environment, const store::Location& location, const Of& of)
      : environment_(environment), location_(location), of_(of) {}

  // Where the user's mail programs show what is subscribed only.
  void subscribe();

  // A level that was created, and what mailstow put there; then it is no longer recorded.
  void remove_level(const std::string& raw_name);

  // Before anything was restored: what was created goes, and the record with it.
  void give_up();

 private:
  const base::Environment& environment_;
  const store::Location& location_;
  Of of_;
};

}  // namespace restore
