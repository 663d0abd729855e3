// The table `extensions` of the index.
//
// One thread at a time. Fails with base::Error as store/index/sqlite.h says.
#pragma once

#include <vector>

#include "store/format/extension.h"
#include "store/index/sqlite.h"

namespace store {

class ExtensionRows {
 public:
  explicit ExtensionRows(Database& database) : database_(&database) {}  // which must outlive it

  // Replaces the one with this tag and name; without content it is removed.
  void set(const Extension& extension);
  void clear();
  std::vector<Extension> all();  // by tag and name

 private:
  Database* database_;
};

}  // namespace store
