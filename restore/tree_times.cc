#include "restore/tree_times.h"

#include <algorithm>
#include <iterator>
#include <string>

#include "base/clock_sighting.h"
#include "base/error.h"
#include "base/log.h"
#include "base/terminal.h"
#include "restore/restore_request.h"
#include "store/clock_guard.h"
#include "store/doubted_times.h"
#include "store/format/location.h"

namespace restore {

namespace {

// Whether the whole store confirms the time. A reader with a reach does not see all of it.
bool is_confirmed_by_store(const base::Environment& environment, store::Reader* reader,
                           std::chrono::sys_seconds now) {
  if (reader == nullptr || environment.config.store.reach) return false;
  try {
    std::vector<store::SnapshotInfo> all;
    for (const std::string& account : reader->accounts()) {
      std::ranges::move(reader->snapshots(account), std::back_inserter(all));
    }
    return store::confirms_time(all, now);
  } catch (const base::Error& error) {
    base::log_debug("the times of the snapshots: {}", error.what());
    return false;
  }
}

}  // namespace

TreeTimes::TreeTimes(const base::Environment& environment, store::Reader* reader,
                     std::chrono::sys_seconds now, bool is_confirmed)
    : environment_(environment),
      reader_(reader),
      time_{.now = now,
            .is_confirmed = is_confirmed || is_confirmed_by_store(environment, reader, now)} {}

std::optional<store::TreeRecord> TreeTimes::redated(const store::TreeRecord& record) const {
  TrustedTime time = time_;
  time.longest_stay = environment_.config.longest_stay_of(record.account);
  return restore::redated(record, source_snapshots(reader_, record), time);
}

std::optional<store::TreeRecord> redated_now(const base::Environment& environment,
                                             store::Reader& reader,
                                             const store::TreeRecords& records,
                                             const store::TreeRecord& record) {
  const base::ClockSighting now = base::see_clock(environment.clock);
  const std::string doubt = store::doubt_about_clock(
      store::location_of(environment.config.store), environment.files, now,
      store::newest_records(&reader, records.list().records), store::ClockDoubt::kJudgeOnly, "");
  if (!doubt.empty()) return std::nullopt;
  return TreeTimes(environment, &reader, now.time).redated(record);
}

std::optional<store::Reader> open_for_times(const base::Environment& environment) {
  try {
    return store::Reader::open(store::location_of(environment.config.store), environment.files);
  } catch (const base::Error& error) {
    base::log_debug("the times of trees: {}", error.what());
    return std::nullopt;
  }
}

std::vector<store::SnapshotInfo> source_snapshots(store::Reader* reader,
                                                  const store::TreeRecord& record) {
  if (reader == nullptr) return {};
  try {
    return reader->snapshots(record.request.empty() ? record.account
                                                    : read_request(record.request).account);
  } catch (const base::Error& error) {
    base::log_debug("snapshots of {}: {}", base::escape_for_terminal(record.account), error.what());
    return {};
  }
}

}  // namespace restore
