#include "store/account_suggestion.h"

#include <algorithm>
#include <vector>

#include "base/nearest.h"

namespace store {

std::string account_suggestion(const base::Config& config, Reader* reader,
                               std::string_view account) {
  std::vector<std::string> names;
  if (reader != nullptr) names = reader->accounts();
  if (!config.store.reach) {
    for (const base::AccountConfig& configured : config.accounts) names.push_back(configured.name);
  }
  if (std::ranges::find(names, account) != names.end()) return "";
  return base::suggestion(account, names);
}

}  // namespace store
