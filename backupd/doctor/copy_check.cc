#include <optional>
#include <random>
#include <string>

#include <fmt/core.h>

#include "backupd/doctor/bucket_check.h"
#include "backupd/doctor/checks.h"
#include "backupd/doctor/file_access.h"
#include "base/clock.h"
#include "base/config/store_privacy.h"
#include "base/error.h"
#include "base/terminal.h"
#include "store/copies/copy_place.h"
#include "store/maintenance/bucket_report.h"
#include "store/storage/s3_probe.h"

namespace backupd {

namespace {

std::uint64_t seed_of_race() {
  std::random_device random;
  return (std::uint64_t{random()} << 32U) | random();
}

// The race leaves some twenty objects behind where they can't be deleted. Nullopt: it was not run.
std::optional<bool> race_in(const base::S3Config& config, const store::Location& place,
                            const BucketCheck& bucket) {
  if (bucket.creates_once) return true;
  if (!bucket.not_removed.empty() || config.connections < store::kRacingWriters) {
    return std::nullopt;
  }
  return store::prove_creates_once(*place.storage, seed_of_race());
}

std::string describe_race(std::optional<bool> creates_once) {
  if (!creates_once) return "";
  return *creates_once ? "; a name is created only once" : "; a name may be created twice";
}

}  // namespace

std::vector<Finding> check_places_of_copies(const std::vector<base::CopyConfig>& copies,
                                            const base::StoreConfig& store) {
  std::vector<Finding> findings;
  for (const base::Misplaced& found : base::misplaced(store, copies, base::private_paths(store))) {
    if (found.is_in_store) continue;  // another check reports that
    findings.push_back(failure(
        "copy", shown(found.file.path),
        fmt::format("it lies in {}: {}", base::escape_for_terminal(found.where), found.file.why),
        fmt::format("move it out of the copy and set {}", found.file.what),
        base::ExitStatus::kUsage));
  }
  if (!findings.empty()) return findings;
  try {
    base::require_apart(copies, store);
  } catch (const base::Error& error) {
    findings.push_back(
        failure("copy", "copies", error.what(), "choose another place", base::ExitStatus::kUsage));
  }
  return findings;
}

std::vector<Finding> check_copy(const base::CopyConfig& copy, base::FileSystem& files) {
  if (!copy.s3) return {};
  const std::string subject = base::escape_for_terminal(copy.display_name());
  const store::Location place = store::location_of_copy(copy);
  BucketCheck bucket =
      try_bucket("copy", subject, fmt::format("copies.{}.s3", copy.name), *copy.s3, place, files);
  if (!bucket.findings.empty()) return std::move(bucket.findings);
  std::optional<bool> creates_once;
  try {
    creates_once = race_in(*copy.s3, place, bucket);
  } catch (const base::Error& error) {
    if (error.code() != base::ErrorCode::kStorage) throw;
    return {warning("copy", subject, error.what(), "try again later")};
  }
  // `copy` deletes nothing: that this access key can't is as it should be.
  return {passed("copy", subject,
                 fmt::format("objects can be written, read{}{}{}",
                             bucket.not_removed.empty() ? ", listed and deleted"
                                                        : " and listed, but not deleted",
                             bucket.details, describe_race(creates_once)))};
}

std::vector<Finding> check_object_lock(const base::S3Config& config) {
  if (!config.lock_for) return {};
  const std::string subject = base::escape_for_terminal(config.display_name());
  store::LockReport report = store::examine_locks(config, base::system_clock());
  if (report.failure.empty()) return {passed("object lock", subject, report.proof)};
  return {failure("object lock", subject, report.failure, report.remedy,
                  base::ExitStatus::kNothingDone)};
}

}  // namespace backupd
