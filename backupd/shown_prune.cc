#include "backupd/shown_prune.h"

#include "base/program/progress_line.h"
#include "store/format/location.h"

namespace backupd {

store::PruneReport shown_prune(const base::Environment& environment, store::PruneOptions options) {
  base::StagedProgress shown(environment.clock);
  options.progress = [&shown](const store::PruneProgress& progress) {
    switch (progress.stage) {
      case store::PruneProgress::Stage::kSnapshots:
        return shown.show_count("reading snapshots", progress.done, progress.total);
      case store::PruneProgress::Stage::kMessages:
        return shown.show_bytes("reading messages", progress.done, progress.total);
      case store::PruneProgress::Stage::kCopying:
        return shown.show_bytes("rewriting", progress.done, progress.total);
    }
  };
  return store::prune(store::location_of(environment.config.store), environment.files,
                      environment.clock, options);
}

}  // namespace backupd
