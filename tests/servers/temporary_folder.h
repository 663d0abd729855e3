// A folder of one's own that goes with its owner.
#pragma once

#include "base/file_system.h"

namespace servers {

// Below $TMPDIR or /tmp; others may pass through it (0711), since root's servers run as another
// user.
class TemporaryFolder {
 public:
  TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  ~TemporaryFolder();

  const base::Path& path() const { return path_; }

  // The folder outlives its owner: for a look at it.
  void keep() { is_kept_ = true; }

 private:
  base::Path path_;
  bool is_kept_ = false;
};

}  // namespace servers
