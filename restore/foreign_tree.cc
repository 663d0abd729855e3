#include "restore/foreign_tree.h"

#include "base/config/tree_name.h"

namespace restore {

std::string foreign_tree_of(const base::Config& config, const std::string& account,
                            const store::FolderInfo& folder, const std::string& shown) {
  const std::string user = config.has_account(account) ? config.account(account).user : account;
  return base::tree_of_folder(config.restore.tree, user, folder.delimiter, shown);
}

}  // namespace restore
