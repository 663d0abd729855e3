#include "restore/tree_choice.h"

#include <optional>

#include "base/error.h"
#include "base/glob.h"
#include "base/nearest.h"
#include "base/terminal.h"
#include "store/host_id.h"
#include "store/tree_host.h"

namespace restore {

bool is_named(const store::TreeRecord& record, std::string_view text) {
  if (base::is_same_folder(record.name, text, '/')) return true;
  const std::size_t slash = record.name.rfind('/');
  return slash != std::string::npos && std::string_view(record.name).substr(slash + 1) == text;
}

namespace {

// The nearest of the account's trees; or if it has none, the nearest account that has some. A
// command with a reach is for one account's owner, and names no others.
std::string suggest(const base::Config& config, const std::vector<store::TreeRecord>& records,
                    std::string_view account, std::string_view tree) {
  std::vector<std::string> accounts;
  std::vector<std::string> trees;
  for (const store::TreeRecord& record : records) {
    accounts.push_back(record.account);
    if (record.account == account) trees.push_back(record.name);
  }
  if (!trees.empty()) return base::suggestion(tree, trees);
  return config.store.reach ? "" : base::suggestion(account, accounts);
}

}  // namespace

void fail_without_tree(const base::Config& config, std::string_view command,
                       std::string_view account, std::string_view tree,
                       const std::vector<store::TreeRecord>& records) {
  base::fail(base::ErrorCode::kNotFound,
             "{} {}: account {} has no such tree{}: `mailstow-restore trees` lists the trees",
             command, base::escape_for_terminal(tree), base::escape_for_terminal(account),
             suggest(config, records, account, tree));
}

store::TreeRecord find_tree(const base::Config& config, const store::TreeRecords& records,
                            std::string_view command, std::string_view account,
                            std::string_view tree) {
  std::optional<store::TreeRecord> found;
  std::vector<store::TreeRecord> listed = records.list().records;
  for (store::TreeRecord& record : listed) {
    if (record.account != account || !is_named(record, tree)) continue;
    if (base::is_same_folder(record.name, tree, '/')) return std::move(record);
    if (found) {
      base::fail(base::ErrorCode::kUsage,
                 "{} {}: the names of {} and {} both end with it: give a whole name, as "
                 "`mailstow-restore trees` shows it",
                 command, base::escape_for_terminal(tree), base::escape_for_terminal(found->name),
                 base::escape_for_terminal(record.name));
    }
    found = record;
  }
  if (!found) fail_without_tree(config, command, account, tree, listed);
  return std::move(*found);
}

void take_over(const base::Environment& environment, const store::TreeRecords& records,
               std::string_view command, store::TreeRecord& record) {
  const std::string host = store::host_id(environment.files);
  if (record.host.empty() || record.host == host) return;
  if (!store::may_change(record, records.list(), host, environment.clock.now_seconds())) {
    base::fail(base::ErrorCode::kBusy,
               "{} {}: another host made this tree and sweeps it: run the command there", command,
               base::escape_for_terminal(record.name));
  }
  record.host = host;
}

}  // namespace restore
