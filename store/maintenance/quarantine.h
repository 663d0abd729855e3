// STORE/quarantine: the files that repairs moved aside. Nothing in it is ever deleted.
#pragma once

#include <string>
#include <vector>

#include "base/file_system.h"
#include "store/format/location.h"

namespace store {

class Quarantine {
 public:
  // Both must outlive it.
  Quarantine(const Location& location, base::FileSystem& files)
      : location_(location), files_(files) {}

  // The files in it, without those that are still being written.
  std::vector<base::Path> contents() const;

  // Moves the file `name` of `directory` here, under a name that is free. It is durable when this
  // returns. Fails with kIo and kNoSpace.
  void take(const base::Path& directory, const std::string& name);

  // The files that this object took, under the new names.
  const std::vector<std::string>& taken() const { return taken_; }

 private:
  const Location& location_;
  base::FileSystem& files_;
  std::vector<std::string> taken_;
};

}  // namespace store
