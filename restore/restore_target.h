// The folders that the messages of a plan are restored into: those of a new tree, or the account's
// own, in place.
#pragma once

#include <string>

#include "store/tree_record.h"

namespace restore {

class RestoreTarget {
 public:
  RestoreTarget() = default;
  RestoreTarget(const RestoreTarget&) = delete;
  RestoreTarget& operator=(const RestoreTarget&) = delete;
  virtual ~RestoreTarget() = default;

  // Empty if messages may be put into the folder; else why not.
  virtual std::string refusal(const std::string& raw_name) const = 0;

  // The folder's level of the tree; null if no tree is restored.
  virtual store::TreeLevel* level(const std::string& raw_name) = 0;

  // Called when the messages of a level have been set. One call at a time, from any thread.
  virtual void record() = 0;

  // Called on a new connection, before messages that are not there yet are put into the folders.
  virtual void check_again() = 0;
};

}  // namespace restore
