#include "restore/tree_choice.h"

#include <optional>

#include "base/error.h"
#include "base/terminal.h"

namespace restore {

bool is_named(const store::TreeRecord& record, std::string_view text) {
  if (record.name == text) return true;
  const std::size_t slash = record.name.rfind('/');
  return slash != std::string::npos && std::string_view(record.name).substr(slash + 1) == text;
}

void fail_without_tree(std::string_view command, std::string_view account, std::string_view tree) {
  base::fail(base::ErrorCode::kNotFound,
             "{} {}: account {} has no such tree: `mailstow-restore trees` lists the trees",
             command, base::escape_for_terminal(tree), base::escape_for_terminal(account));
}

store::TreeRecord find_tree(const store::TreeRecords& records, std::string_view command,
                            std::string_view account, std::string_view tree) {
  std::optional<store::TreeRecord> found;
  for (store::TreeRecord& record : records.list().records) {
    if (record.account != account || !is_named(record, tree)) continue;
    if (record.name == tree) return std::move(record);
    if (found) {
      base::fail(base::ErrorCode::kUsage,
                 "{} {}: the names of {} and {} both end with it: give a whole name, as "
                 "`mailstow-restore trees` shows it",
                 command, base::escape_for_terminal(tree), base::escape_for_terminal(found->name),
                 base::escape_for_terminal(record.name));
    }
    found = std::move(record);
  }
  if (!found) fail_without_tree(command, account, tree);
  return std::move(*found);
}

}  // namespace restore
