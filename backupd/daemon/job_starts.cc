#include "backupd/daemon/job_starts.h"

#include <nlohmann/json.hpp>

#include "base/atomic_file.h"
#include "base/json_text.h"

namespace backupd {

namespace {

constexpr std::uint64_t kMaxFile = 4096;

}  // namespace

JobStarts load_job_starts(base::FileSystem& files, const base::Path& file) {
  const auto bytes = base::read_file(files, file, kMaxFile);
  if (!bytes) return {};
  const auto document = base::parse_json(base::as_text(*bytes));
  if (!document.is_object()) return {};
  JobStarts starts;
  for (const auto& [name, start] : document.items()) {
    const std::optional<Job> job = job_of(name);
    if (!job || !start.is_number_integer()) continue;
    starts[*job] = std::chrono::sys_seconds(std::chrono::seconds(start.get<std::int64_t>()));
  }
  return starts;
}

void save_job_starts(base::FileSystem& files, const base::Path& file, const JobStarts& starts) {
  auto document = nlohmann::ordered_json::object();
  for (const auto& [job, start] : starts) {
    document[std::string(job_name(job))] = start.time_since_epoch().count();
  }
  const std::string text = base::json_line(document) + "\n";
  base::write_file(files, file, base::as_bytes(text), base::OnExisting::kReplace);
}

}  // namespace backupd
