#include "backupd/doctor/bucket_check.h"

#include <string_view>
#include <utility>

#include "store/maintenance/bucket_report.h"
#include "store/maintenance/storage_probe.h"

namespace backupd {

namespace {

// Remedies name the section of a store's bucket.
std::string remedy_about(const std::string& section, std::string remedy) {
  constexpr std::string_view kStoreSection = "store.s3";
  for (std::size_t at = remedy.find(kStoreSection); at != std::string::npos;
       at = remedy.find(kStoreSection, at + section.size())) {
    remedy.replace(at, kStoreSection.size(), section);
  }
  return remedy;
}

}  // namespace

BucketCheck try_bucket(const std::string& check, const std::string& subject,
                       const std::string& section, const base::S3Config& config,
                       const store::Location& location, base::FileSystem& files) {
  BucketCheck result;
  const auto fail = [&](const std::string& what, const std::string& remedy) {
    result.findings.push_back(failure(check, subject, what, remedy_about(section, remedy),
                                      base::ExitStatus::kNothingDone));
    return std::move(result);
  };
  store::BucketReport report = store::examine_bucket(config, *location.storage);
  if (!report.failure.empty()) return fail(report.failure, report.remedy);
  store::StorageProbe probe = store::probe_storage(location, files);
  if (!probe.failure.empty()) return fail(probe.failure, probe.remedy);
  result.is_usable = true;
  for (const store::BucketReport::Threat& threat : report.threats) {
    result.findings.push_back(warning(check, subject, threat.what, threat.remedy));
  }
  result.details = std::move(report.details);
  result.not_removed = std::move(probe.not_removed);
  result.creates_once = probe.creates_once;
  return result;
}

}  // namespace backupd
