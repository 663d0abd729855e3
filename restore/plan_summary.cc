#include "restore/plan_summary.h"

#include <string_view>

#include "base/config/tree_name.h"

namespace restore {

std::string name_without_time(const std::string& tree_template, const std::string& user,
                              char delimiter) {
  constexpr std::string_view kTimestamp = "{timestamp}";
  std::string name = base::tree_template_for(tree_template, user, delimiter);
  const auto at = name.find(kTimestamp);
  if (at != std::string::npos) name.replace(at, kTimestamp.size(), "<time of the run>");
  return name;
}

}  // namespace restore
