#include "store/storage/s3_lock_keeper.h"

#include <algorithm>
#include <array>

#include <fmt/core.h>

#include "base/error.h"
#include "store/storage/s3_document.h"
#include "store/storage/s3_lock.h"

namespace store {

namespace {

constexpr std::array<std::string_view, 3> kLockedAreas{"packs", "commits", "keys"};

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
  if (!proof_) proof_ = prove_locks(config, clock_);
  if (proof_->holds()) return;
  base::fail(base::ErrorCode::kConfig,
             "write to {}: object lock does not hold there: {}: nothing but an object of the probe "
             "was touched: {}",
             config.display_name(), proof_->why, remedy_for_locks(*proof_, config.lock_mode));
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
