#include <nlohmann/json.hpp>

#include "base/log.h"
#include "base/terminal.h"
#include "base/time_text.h"
#include "restore/commands.h"
#include "restore/output.h"
#include "store/location.h"
#include "store/tree_record.h"

namespace restore {

namespace {

const char* word(store::TreeState state) {
  switch (state) {
    case store::TreeState::kRestoring:
      return "restoring";
    case store::TreeState::kComplete:
      return "complete";
    case store::TreeState::kIncomplete:
      return "incomplete";
  }
  return "incomplete";
}

std::string time_left(std::chrono::sys_seconds expires, std::chrono::sys_seconds now) {
  if (expires <= now) return "due";
  const auto hours = std::chrono::duration_cast<std::chrono::hours>(expires - now);
  return hours.count() >= 48 ? std::to_string(hours.count() / 24) + " days"
                             : std::to_string(hours.count()) + " hours";
}

}  // namespace

base::ExitStatus trees(const base::Surroundings& surroundings) {
  const auto listing =
      store::TreeRecords::open(store::location_of(surroundings.config.store), surroundings.files)
          .list();
  for (const std::string& line : listing.damaged) base::log_error("{}", line);
  const auto now = std::chrono::floor<std::chrono::seconds>(surroundings.clock.now());
  auto documents = nlohmann::ordered_json::array();
  std::vector<std::vector<std::string>> rows;
  for (const store::TreeRecord& record : listing.records) {
    std::uint64_t messages = 0;
    std::uint64_t bytes = 0;
    for (const store::TreeLevel& level : record.levels) {
      messages += level.messages.size();
      for (const store::TreeMessage& message : level.messages) bytes += message.size;
    }
    documents.push_back({{"account", record.account},
                         {"tree", record.name},
                         {"state", word(record.state)},
                         {"created", base::format_rfc3339(record.created)},
                         {"expires", base::format_rfc3339(record.expires)},
                         {"messages", messages},
                         {"bytes", bytes}});
    rows.push_back({record.account, record.name, word(record.state),
                    base::format_rfc3339(record.created), base::format_rfc3339(record.expires),
                    time_left(record.expires, now), base::format_count(messages),
                    base::format_size(bytes)});
  }
  print(surroundings.format, {{"trees", std::move(documents)}},
        base::format_table({{"ACCOUNT"},
                            {"TREE"},
                            {"STATE"},
                            {"CREATED"},
                            {"EXPIRES"},
                            {"LEFT", base::Align::kRight},
                            {"MESSAGES", base::Align::kRight},
                            {"SIZE", base::Align::kRight}},
                           rows));
  return listing.damaged.empty() ? base::ExitStatus::kDone : base::ExitStatus::kDamaged;
}

}  // namespace restore
