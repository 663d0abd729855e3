#include "restore/plan_summary.h"

#include <string_view>

#include "restore/plan.h"

namespace restore {

PlanSummary plan_summary(const Plan& plan) {
  PlanSummary summary;
  summary.messages = plan.messages;
  summary.bytes = plan.bytes;
  summary.deleted = plan.deleted;
  summary.keywords_lost = plan.keywords_lost;
  summary.keywords_unsure = plan.keywords_unsure;
  summary.undated = plan.undated;
  summary.estimated = plan.estimated;
  return summary;
}

std::string name_without_time(const std::string& tree_template, const std::string& user,
                              char delimiter) {
  constexpr std::string_view kTimestamp = "{timestamp}";
  std::string name = template_for(tree_template, user, delimiter);
  const auto at = name.find(kTimestamp);
  if (at != std::string::npos) name.replace(at, kTimestamp.size(), "<time of the run>");
  return name;
}

}  // namespace restore
