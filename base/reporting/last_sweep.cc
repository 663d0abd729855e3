#include "base/reporting/last_sweep.h"

#include <fmt/core.h>

#include "base/clock.h"
#include "base/reporting/job_record.h"
#include "base/time_text.h"

namespace base {

std::string LastSweep::to_text(const std::string& time_zone) const {
  if (!time) return "no sweep has run yet";
  std::string text = "the last sweep was at " + format_zoned(*time, time_zone);
  if (!status) return text + " and has not ended";
  return *status == 0 ? text : text + fmt::format(" and ended with status {}", *status);
}

LastSweep last_sweep(FileSystem& files, const StoreConfig& store, std::chrono::sys_seconds now) {
  LastSweep last;
  const auto record = load_job_record(files, store, "sweep");
  if (!record) return last;
  last.time = record->ended.value_or(record->started);
  last.status = record->status;
  last.is_recent = *last.time <= now + kClockSlack && now - *last.time <= std::chrono::days(1);
  return last;
}

}  // namespace base
