#include "store/storage/s3_lock_keeper.h"

#include <algorithm>
#include <array>
#include <random>

#include <fmt/core.h>

#include "base/error.h"
#include "store/storage/s3_document.h"
#include "store/storage/s3_lock.h"

namespace store {

namespace {

constexpr std::array<std::string_view, 3> kLockedAreas{"packs", "commits", "keys"};

std::uint64_t random_seed() {
  std::random_device random;
  return (std::uint64_t{random()} << 32U) | random();
}

LockExtension refused_extension(const std::string& operation, const std::string& why) {
  return {.outcome = LockExtension::Outcome::kRefused,
          .why = fmt::format("{}: {}", operation, why)};
}

}  // namespace

bool S3LockKeeper::covers(std::string_view area) const {
  return bucket_.config().lock_for && std::ranges::find(kLockedAreas, area) != kLockedAreas.end();
}

void S3LockKeeper::require_proof() {
  const std::lock_guard lock(mutex_);
  const base::S3Config& config = bucket_.config();
  if (!proof_) proof_ = prove_locks(config, clock_, random_seed());
  if (proof_->holds()) return;
  const bool is_bypass = proof_->works && config.lock_mode == base::S3LockMode::kGovernance;
  base::fail(base::ErrorCode::kConfig,
             "write to {}: object lock does not hold there: {}: nothing but an object of the probe "
             "was touched: {}",
             config.display_name(), proof_->why,
             is_bypass ? "set lock_mode to compliance, or take the right "
                         "s3:BypassGovernanceRetention from the access key"
                       : "use a bucket whose locks hold, or remove lock_for");
}

std::vector<std::string> S3LockKeeper::headers() const {
  const base::S3Config& config = bucket_.config();
  return lock_headers(config.lock_mode, clock_.now_seconds() + *config.lock_for);
}

LockExtension S3LockKeeper::extend(const std::string& display_name, const std::string& key,
                                   const std::string& version) {
  const std::string operation = "extend the lock of " + display_name;
  const base::S3Config& config = bucket_.config();
  const S3Request look = lock_look_up(operation, key, version);
  const S3Answer found = bucket_.send(look);
  if (found.http.status == 404 || found.http.status == 405) {
    return refused_extension(operation, "it is missing");
  }
  if (found.problem) bucket_.fail(look, *found.problem);
  const std::optional<S3Lock> lock = lock_in(found.http);
  const std::chrono::sys_seconds now = clock_.now_seconds();
  if (lock && lock->until - now > std::chrono::hours(*config.lock_for) / 2) {
    return {.outcome = LockExtension::Outcome::kLastsLongEnough, .why = {}};
  }
  // A lock of compliance never becomes a weaker one.
  const std::string wanted = lock_mode_name(config.lock_mode);
  const std::string document = s3_retention(
      lock && lock->mode == "COMPLIANCE" ? lock->mode : wanted, now + *config.lock_for);
  const S3Request extension = lock_extension(operation, key, version, document);
  const S3Answer answer = bucket_.send(extension);
  if (answer.problem && answer.problem->kind == S3Problem::Kind::kRefused) {
    return refused_extension(operation, "the storage refused: " + answer.problem->message +
                                            ": allow the access key s3:PutObjectRetention");
  }
  if (answer.problem) bucket_.fail(extension, *answer.problem);
  return {.outcome = LockExtension::Outcome::kExtended, .why = {}};
}

}  // namespace store
