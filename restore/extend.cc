#include <algorithm>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/terminal.h"
#include "base/time_text.h"
#include "restore/commands.h"
#include "restore/output.h"
#include "store/location.h"
#include "store/tree_record.h"

namespace restore {

base::ExitStatus extend(const base::Surroundings& surroundings, const std::string& account,
                        const std::string& tree, const std::string& duration) {
  const auto length = base::parse_duration(duration);
  auto records =
      store::TreeRecords::open(store::location_of(surroundings.config.store), surroundings.files);
  auto listing = records.list();
  const auto found = std::find_if(listing.records.begin(), listing.records.end(),
                                  [&](const store::TreeRecord& record) {
                                    return record.account == account && record.name == tree;
                                  });
  if (found == listing.records.end()) {
    base::fail(base::ErrorCode::kNotFound,
               "extend {}: account {} has no such tree: `mailstow-restore trees` shows them",
               base::escape_for_terminal(tree), base::escape_for_terminal(account));
  }
  const auto now = std::chrono::floor<std::chrono::seconds>(surroundings.clock.now());
  found->expires = std::max(now, found->expires) + length;
  records.put(*found);
  print(surroundings.format,
        {{"account", account}, {"tree", tree}, {"expires", base::format_rfc3339(found->expires)}},
        fmt::format("{}: {} expires {}\n", base::escape_for_terminal(account),
                    base::escape_for_terminal(tree), base::format_rfc3339(found->expires)));
  return base::ExitStatus::kDone;
}

}  // namespace restore
