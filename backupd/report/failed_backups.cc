#include "backupd/report/failed_backups.h"

#include <algorithm>
#include <cstdint>
#include <iterator>
#include <map>
#include <optional>
#include <utility>

#include <nlohmann/json.hpp>

#include "base/atomic_file.h"
#include "base/bytes.h"
#include "base/error.h"
#include "base/json_text.h"
#include "base/log.h"
#include "base/utf8.h"

namespace backupd {

namespace {

using nlohmann::ordered_json;

// {"passes": [{"time": 1800000000, "causes": [{"error": "...", "accounts": ["alice"]}]}]}
base::Path failures_file(const base::StoreConfig& store) {
  return store.index / "failed-backups.json";
}

// A time that can be printed, up to the year 9999: others make date functions overflow.
bool is_time(const ordered_json& value) {
  constexpr std::int64_t kMaxTime = 253'402'300'799;
  if (!value.is_number_integer()) return false;
  if (value.is_number_unsigned()) {
    return value.get<std::uint64_t>() <= static_cast<std::uint64_t>(kMaxTime);
  }
  const auto time = value.get<std::int64_t>();
  return time >= 0 && time <= kMaxTime;
}

bool is_cause(const ordered_json& value) {
  if (!value.is_object() || !value.contains("error") || !value.contains("accounts")) return false;
  const ordered_json& accounts = value.at("accounts");
  return value.at("error").is_string() && accounts.is_array() &&
         std::all_of(accounts.begin(), accounts.end(),
                     [](const ordered_json& name) { return name.is_string(); });
}

bool is_pass(const ordered_json& value) {
  if (!value.is_object() || !value.contains("time") || !value.contains("causes")) return false;
  const ordered_json& causes = value.at("causes");
  return is_time(value.at("time")) && causes.is_array() &&
         std::all_of(causes.begin(), causes.end(), is_cause);
}

void warn_of_damage(const base::StoreConfig& store, std::string_view what) {
  base::log_warning(
      "{}: {}: earlier failed backups may be missing from `mailstow-backupd status --history`; the "
      "next one that fails writes the file again",
      failures_file(store).string(), what);
}

std::optional<ordered_json> parse_passes(base::ByteView bytes) {
  const ordered_json document = base::parse_json(base::as_text(bytes));
  if (!document.is_object()) return std::nullopt;
  ordered_json passes = document.value("passes", ordered_json());
  if (!passes.is_array()) return std::nullopt;
  return passes;
}

// An array of passes as they are written here: without those that are damaged, with a warning;
// empty if the file is lost.
ordered_json load_passes(base::FileSystem& files, const base::StoreConfig& store) {
  std::optional<base::Bytes> bytes;
  try {
    bytes = base::read_file(files, failures_file(store), 2 * kMaxFailureFile);
  } catch (const base::Error& error) {
    if (error.code() != base::ErrorCode::kDamaged) throw;
    warn_of_damage(store, error.what());
  }
  if (!bytes) return ordered_json::array();
  const auto passes = parse_passes(*bytes);
  ordered_json whole = ordered_json::array();
  if (passes) std::copy_if(passes->begin(), passes->end(), std::back_inserter(whole), is_pass);
  if (!passes || whole.size() < passes->size()) warn_of_damage(store, "the file is damaged");
  return whole;
}

// A server that is down is one cause for all of its accounts.
ordered_json causes_of_failures(const PassReport& report) {
  std::map<std::string, std::vector<std::string>> accounts;  // by error
  for (const AccountReport& account : report.accounts) {
    if (account.status != PassStatus::kFailed || account.snapshot) continue;
    accounts[base::shortened(account.error, kMaxFailure)].push_back(account.account);
  }
  ordered_json causes = ordered_json::array();
  for (const auto& [error, names] : accounts) {
    causes.push_back({{"error", error}, {"accounts", names}});
  }
  return causes;
}

std::string text_of_passes(const ordered_json& passes) {
  return base::json_line({{"passes", passes}}) + "\n";
}

void take_failures(const ordered_json& pass, std::string_view account,
                   std::vector<FailedBackup>& failures) {
  const std::chrono::sys_seconds time{std::chrono::seconds(pass.at("time").get<std::int64_t>())};
  for (const ordered_json& cause : pass.at("causes")) {
    const std::string error = cause.at("error");
    for (const std::string name : cause.at("accounts")) {
      if (account.empty() || name == account) failures.push_back({time, name, error});
    }
  }
}

}  // namespace

void note_failed_backups(base::FileSystem& files, const base::StoreConfig& store,
                         const PassReport& report, std::chrono::sys_seconds now) {
  ordered_json causes = causes_of_failures(report);
  if (causes.empty()) return;
  ordered_json passes = load_passes(files, store);
  // Times name the entries of a listing.
  const auto is_taken = [&](std::int64_t time) {
    return std::any_of(passes.begin(), passes.end(),
                       [&](const ordered_json& pass) { return pass.at("time") == time; });
  };
  while (is_taken(now.time_since_epoch().count())) now += std::chrono::seconds(1);
  passes.push_back({{"time", now.time_since_epoch().count()}, {"causes", std::move(causes)}});
  if (passes.size() > kMaxFailedPasses) {
    passes.erase(passes.begin(), passes.end() - static_cast<std::ptrdiff_t>(kMaxFailedPasses));
  }
  std::string text = text_of_passes(passes);
  while (text.size() > kMaxFailureFile && !passes.empty()) {
    // A half of them at a time, so that a large file is not written many times over.
    const auto dropped = static_cast<std::ptrdiff_t>((passes.size() + 1) / 2);
    passes.erase(passes.begin(), passes.begin() + dropped);
    text = text_of_passes(passes);
  }
  base::write_file(files, failures_file(store), base::as_bytes(text), base::OnExisting::kReplace);
}

std::vector<FailedBackup> failed_backups(base::FileSystem& files, const base::StoreConfig& store,
                                         std::string_view account) {
  std::vector<FailedBackup> failures;
  for (const ordered_json& pass : load_passes(files, store)) {
    take_failures(pass, account, failures);
  }
  return failures;
}

}  // namespace backupd
