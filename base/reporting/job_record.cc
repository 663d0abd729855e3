#include "base/reporting/job_record.h"

#include <nlohmann/json.hpp>

#include "base/atomic_file.h"
#include "base/bytes.h"
#include "base/json_text.h"

namespace base {

namespace {

using Json = nlohmann::ordered_json;
using std::chrono::sys_seconds;

constexpr std::uint64_t kMaxRecord = 256ULL * 1024 * 1024;  // for hundreds of thousands of accounts

Path directory_of(const StoreConfig& store) {
  return store.index / "jobs";
}

Json number_or_null(std::optional<sys_seconds> time) {
  return time ? Json(time->time_since_epoch().count()) : Json();
}

std::optional<sys_seconds> time_in(const Json& document, const char* key) {
  if (!document.contains(key) || !document.at(key).is_number_integer()) return std::nullopt;
  return sys_seconds(std::chrono::seconds(document.at(key).get<std::int64_t>()));
}

std::string text_in(const Json& document, const char* key) {
  const Json text = document.value(key, Json());
  return text.is_string() ? text.get<std::string>() : std::string();
}

}  // namespace

std::optional<JobRecord> load_job_record(FileSystem& files, const StoreConfig& store,
                                         std::string_view job) {
  const auto bytes =
      read_file(files, directory_of(store) / (std::string(job) + ".json"), kMaxRecord);
  if (!bytes) return std::nullopt;
  const Json document = parse_json(as_text(*bytes));
  const auto started = document.is_object() ? time_in(document, "started") : std::nullopt;
  if (!started) return std::nullopt;
  JobRecord record;
  record.job = job;
  record.started = *started;
  record.ended = time_in(document, "ended");
  if (document.value("status", Json()).is_number_integer()) record.status = document.at("status");
  record.error = text_in(document, "error");
  record.last_success = time_in(document, "last_success");
  record.details = json_line(document.value("details", Json()));
  for (const Json& line : document.value("told", Json::array())) {
    if (line.is_string()) record.reported.push_back(line);
  }
  record.reported_at = time_in(document, "told_at");
  record.mail_error = text_in(document, "mail_error");
  return record;
}

std::vector<JobRecord> load_job_records(FileSystem& files, const StoreConfig& store) {
  std::vector<JobRecord> records;
  for (const std::string_view job : kJobNames) {
    if (auto record = load_job_record(files, store, job)) records.push_back(std::move(*record));
  }
  return records;
}

void save_job_record(FileSystem& files, const StoreConfig& store, const JobRecord& record) {
  const Json document = {{"started", record.started.time_since_epoch().count()},
                         {"ended", number_or_null(record.ended)},
                         {"status", record.status ? Json(*record.status) : Json()},
                         {"error", record.error},
                         {"last_success", number_or_null(record.last_success)},
                         {"details", Json::parse(record.details, nullptr, false)},
                         {"told", record.reported},
                         {"told_at", number_or_null(record.reported_at)},
                         {"mail_error", record.mail_error}};
  const std::string text = json_line(document) + "\n";
  make_directories(files, directory_of(store));
  write_file(files, directory_of(store) / (record.job + ".json"), as_bytes(text),
             OnExisting::kReplace);
}

std::unique_ptr<FileLock> lock_job(FileSystem& files, const StoreConfig& store,
                                   std::string_view job) {
  make_directories(files, directory_of(store));
  return files.try_lock(directory_of(store) / (std::string(job) + ".lock"), LockMode::kExclusive);
}

}  // namespace base
