#include "store/storage/s3_lock_probe.h"

#include <chrono>
#include <optional>
#include <random>
#include <utility>
#include <vector>

#include <fmt/core.h>

#include "base/bytes.h"
#include "base/log.h"
#include "store/storage/content_digest.h"
#include "store/storage/s3_bucket.h"
#include "store/storage/s3_document.h"
#include "store/storage/s3_lock.h"
#include "store/storage/storage_error.h"

namespace store {

namespace {

using base::HttpVerb;
using ProblemKind = S3Problem::Kind;

constexpr std::chrono::hours kFirstLock{1};
constexpr std::chrono::hours kExtendedLock{2};
constexpr int kLockAttempts = 5;
constexpr std::chrono::milliseconds kPauseOfAttempts{200};
// Some storage refuses to extend a lock for a moment after it was made.
constexpr int kExtensions = 4;
constexpr std::chrono::seconds kPauseBeforeExtension{1};
constexpr std::size_t kMaxScratch = 10'000;
constexpr auto kScratchBytes = "A locked object of mailstow's probe.";
constexpr auto kOtherBytes = "Not the locked object.";
constexpr auto kBypass = "x-amz-bypass-governance-retention: true";

bool is_refusal(const S3Answer& answer) {
  return answer.problem && (answer.problem->kind == ProblemKind::kRefused ||
                            answer.problem->kind == ProblemKind::kUnsupported);
}

class LockProver {
 public:
  LockProver(const base::S3Config& config, base::Clock& clock, std::uint64_t seed)
      : bucket_(config, clock),
        clock_(clock),
        mode_(lock_mode_name(config.lock_mode)),
        key_(fmt::format("{}{}probe/{:016x}.lock", config.prefix, config.prefix.empty() ? "" : "/",
                         seed)),
        first_(clock.now_seconds() + kFirstLock),
        extended_(clock.now_seconds() + kExtendedLock) {}

  LockProof run() {
    LockProof proof;
    proof.why = find_lack();
    proof.works = proof.why.empty();
    if (proof.works) {
      proof.can_shorten = can_shorten();
      proof.can_delete = can_delete();
      if (!proof.holds()) proof.why = describe(proof);
    }
    if (is_written_) clean_up();
    return proof;
  }

 private:
  // Returns why locks do not work here, or "".
  std::string find_lack() {
    std::vector<std::string> headers = lock_headers(bucket_.config().lock_mode, first_);
    const S3Answer written = write(kScratchBytes, std::move(headers));
    if (is_refusal(written)) {
      return fmt::format(
          "it takes no locked object: {}: make a bucket with object lock, and allow the access key "
          "s3:PutObjectRetention",
          written.problem->message);
    }
    require(written);
    std::string lack = find_lack_of_lock(first_);
    if (!lack.empty()) return lack;
    const S3Answer extended = extend_patiently();
    if (is_refusal(extended)) {
      return fmt::format(
          "it refuses to extend a lock: {}: allow the access key "
          "s3:PutObjectRetention",
          extended.problem->message);
    }
    require(extended);
    if (!has_bytes(kScratchBytes)) {
      return "it takes the extension of a lock for a new content of the object: it does not know "
             "object lock";
    }
    return find_lack_of_lock(extended_);
  }

  std::string find_lack_of_lock(std::chrono::sys_seconds until) {
    const S3Request look = lock_look_up(operation("look up"), key_, version_);
    const S3Answer answer = send(look);
    if (answer.http.status == 404 || answer.http.status == 405) return "a locked object is gone";
    if (answer.problem) bucket_.fail(look, *answer.problem);
    const std::optional<S3Lock> lock = lock_in(answer.http);
    const std::string version(answer.http.header("x-amz-version-id").value_or(""));
    if (!lock || lock->mode != mode_ || lock->until < until) {
      return "an object that was written with a lock does not show it: the storage ignores object "
             "lock, or the access key lacks s3:GetObjectRetention";
    }
    if (version.empty() || version == "null") return "it keeps no versions of objects";
    version_ = version;
    return "";
  }

  bool can_shorten() {
    const bool is_compliance = bucket_.config().lock_mode == base::S3LockMode::kCompliance;
    for (const bool bypass : {false, true}) {
      try_to(retention(s3_retention(mode_, first_), bypass));
      if (is_compliance) try_to(retention(s3_retention("GOVERNANCE", extended_), bypass));
      try_to(retention("<Retention xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"/>", bypass));
    }
    return !find_lack_of_lock(extended_).empty();
  }

  bool can_delete() {
    write(kOtherBytes, {});
    for (const bool bypass : {false, true}) {
      try_to({.request = {.operation = operation("remove"),
                          .verb = HttpVerb::kDelete,
                          .key = key_,
                          .query = {{"versionId", version_}},
                          .headers = bypass_headers(bypass),
                          .max_body = base::HttpAnswer::kMaxErrorBody}});
      try_to(bulk_deletion(s3_version_deletion_request(key_, version_), bypass));
    }
    return !has_bytes(kScratchBytes);
  }

  // A request with the document that it sends.
  struct Attack {
    S3Request request;
    std::string document = {};
  };

  Attack retention(std::string document, bool bypass) const {
    Attack attack{.request = {}, .document = std::move(document)};
    attack.request = lock_extension(operation("lock"), key_, version_, attack.document);
    for (std::string& header : bypass_headers(bypass)) {
      attack.request.headers.push_back(std::move(header));
    }
    return attack;
  }

  Attack bulk_deletion(std::string document, bool bypass) const {
    const ContentDigest digest = digest_of(base::as_bytes(document), ContentDigest::Md5::kYes);
    Attack attack{.request = {.operation = operation("remove"),
                              .verb = HttpVerb::kPost,
                              .query = {{"delete", ""}},
                              .headers = bypass_headers(bypass),
                              .sha256 = digest.sha256(),
                              .max_body = kMaxS3Document,
                              .is_document = true},
                  .document = std::move(document)};
    attack.request.headers.emplace_back("Content-Type: application/xml");
    attack.request.headers.push_back("Content-MD5: " + digest.md5());
    return attack;
  }

  static std::vector<std::string> bypass_headers(bool bypass) {
    return bypass ? std::vector<std::string>{kBypass} : std::vector<std::string>{};
  }

  // The effect decides, not the answer.
  void try_to(Attack attack) {
    if (!attack.document.empty()) {
      attack.request.body = base::body_of(base::as_bytes(attack.document));
    }
    const S3Answer answer = send(attack.request);
    if (answer.problem)
      base::log_debug("{}: {}", attack.request.operation, answer.problem->message);
  }

  S3Answer extend_patiently() {
    const std::string document = s3_retention(mode_, extended_);
    const S3Request request = lock_extension(operation("lock"), key_, version_, document);
    for (int count = 1;; ++count) {
      S3Answer answer = send(request);
      if (!is_refusal(answer) || count == kExtensions) return answer;
      clock_.sleep_for(kPauseBeforeExtension);
    }
  }

  S3Answer write(const std::string& bytes, std::vector<std::string> headers) {
    const ContentDigest digest = digest_of(base::as_bytes(bytes), ContentDigest::Md5::kYes);
    headers.emplace_back("Content-Type: application/octet-stream");
    headers.push_back("Content-MD5: " + digest.md5());
    is_written_ = true;
    return send({.operation = operation("write"),
                 .verb = HttpVerb::kPut,
                 .key = key_,
                 .headers = std::move(headers),
                 .body = base::body_of(base::as_bytes(bytes)),
                 .sha256 = digest.sha256(),
                 .max_body = base::HttpAnswer::kMaxErrorBody,
                 .is_document = true});
  }

  // Whether the locked version has these bytes.
  bool has_bytes(const std::string& bytes) {
    S3Request read{.operation = operation("read"), .key = key_, .max_body = kMaxScratch};
    if (!version_.empty()) read.query.emplace_back("versionId", version_);
    const S3Answer answer = send(read);
    if (!answer.problem) return base::to_text(answer.http.body) == bytes;
    // Some answer NoSuchVersion.
    if (answer.http.status == 404 || answer.http.status == 405) return false;
    bucket_.fail(read, *answer.problem);
  }

  S3Answer send(const S3Request& request) {
    for (int attempt = 1;; ++attempt) {
      std::chrono::milliseconds pause = kPauseOfAttempts * attempt;
      try {
        S3Answer answer = bucket_.send(request);
        const bool is_passing = answer.problem && answer.http.status != 404 &&
                                (answer.problem->kind == ProblemKind::kUnanswered ||
                                 answer.problem->kind == ProblemKind::kThrottled);
        if (!is_passing || attempt == kLockAttempts) return answer;
        pause = answer.problem->pause.value_or(pause);
      } catch (const StorageError& error) {
        if (!error.is_worth_repeating() || attempt == kLockAttempts) throw;
      }
      clock_.sleep_for(pause);
    }
  }

  void require(const S3Answer& answer) {
    if (answer.problem) bucket_.fail({.operation = operation("lock")}, *answer.problem);
  }

  // The locked version stays, below a delete marker.
  void clean_up() {
    const S3Answer answer = send({.operation = operation("remove"),
                                  .verb = HttpVerb::kDelete,
                                  .key = key_,
                                  .max_body = base::HttpAnswer::kMaxErrorBody});
    if (answer.problem) base::log_debug("a probe is left behind: {}", answer.problem->message);
  }

  static std::string describe(const LockProof& proof) {
    return fmt::format("these credentials can {}{}{}", proof.can_shorten ? "shorten a lock" : "",
                       proof.can_delete && proof.can_shorten ? " and " : "",
                       proof.can_delete ? "delete a locked version" : "");
  }

  std::string operation(const char* verb) const {
    return fmt::format("{} s3://{}/{}", verb, bucket_.config().bucket, key_);
  }

  S3Bucket bucket_;
  base::Clock& clock_;
  std::string mode_;
  std::string key_;
  std::string version_;  // the locked one, once it is known
  std::chrono::sys_seconds first_;
  std::chrono::sys_seconds extended_;
  bool is_written_ = false;
};

}  // namespace

LockProof prove_locks(const base::S3Config& config, base::Clock& clock, std::uint64_t seed) {
  return LockProver(config, clock, seed).run();
}

LockProof prove_locks(const base::S3Config& config, base::Clock& clock) {
  std::random_device random;
  return prove_locks(config, clock, (std::uint64_t{random()} << 32U) | random());
}

std::string remedy_for_locks(const LockProof& proof, base::S3LockMode mode) {
  const bool is_bypass = proof.works && mode == base::S3LockMode::kGovernance;
  return is_bypass ? "set lock_mode to compliance, or take the right s3:BypassGovernanceRetention "
                     "from the access key"
                   : "use a bucket whose locks hold, or remove lock_for";
}

}  // namespace store
