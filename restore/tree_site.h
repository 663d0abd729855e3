// Operations of a run on the folders of its tree, besides filling them: they are subscribed, and
// those that turn out not to be needed are removed.
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
  struct Tree {
    imap::Session& session;
    store::TreeRecords& records;
    store::TreeRecord& record;
    const std::vector<store::TreeRecord>& others;  // of the account's other trees
  };
  // All must outlive it.
  TreeSite(const base::Environment& environment, const store::Location& location, const Tree& tree)
      : environment_(environment), location_(location), tree_(tree) {}

  // Subscribes to the folders if the user has subscriptions: the user's mail programs may show only
  // subscribed folders.
  void subscribe();

  // Removes a level that was created, with what mailstow put there, and then its entry in the
  // record, which the caller puts with its next change.
  void remove_level(const std::string& raw_name);

  // Removes what was created, and the record. Call it only before anything is restored.
  void give_up();

 private:
  const base::Environment& environment_;
  const store::Location& location_;
  Tree tree_;
};

}  // namespace restore
