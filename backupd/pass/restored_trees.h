// The folders of an account that mailstow restored. Backups leave them out according to the tree
// records, so that a user's own folder of the same name is backed up.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "imap/folder.h"
#include "store/tree_record.h"

namespace backupd {

class RestoredTrees {
 public:
  RestoredTrees(const std::vector<store::TreeRecord>& records, std::string_view account);

  // Returns whether name and identity are those of a folder that mailstow created. If the server
  // did not report the identity, it counts as a user's folder: backing up too much does no harm.
  bool contain(const imap::Folder& folder) const;

 private:
  std::multimap<std::string, store::LevelIdentity> levels_;  // by raw name, INBOX in capitals
};

}  // namespace backupd
