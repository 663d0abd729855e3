// Rescues into the store: a last snapshot, of kind kRescue, of what a sweep found in a tree.
#pragma once

#include "base/clock.h"
#include "base/file_system.h"
#include "restore/tree_sweeper.h"
#include "store/format/location.h"

namespace restore {

class StoreRescue : public Rescue {
 public:
  StoreRescue(store::Location location, base::FileSystem& files, const base::Clock& clock);

  // While another process writes to the store, nothing is rescued: the next sweep tries again.
  Kept keep(imap::Session& session, const store::TreeRecord& record, const store::TreeLevel& level,
            const imap::UidSet& uids) override;

 private:
  store::Location location_;
  base::FileSystem& files_;
  const base::Clock& clock_;
};

}  // namespace restore
