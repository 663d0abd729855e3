#include "store/maintenance/bucket_report.h"

#include <cstdint>
#include <optional>
#include <utility>

#include <fmt/core.h>

#include "base/terminal.h"
#include "store/maintenance/storage_probe.h"
#include "store/storage/s3_facts.h"
#include "store/storage/s3_lock_probe.h"

namespace store {

namespace {

using Threat = BucketReport::Threat;

Threat threat_of(const LifecycleRule& rule) {
  const bool expires = rule.action == LifecycleRule::Action::kExpires;
  return {.what = fmt::format(
              "a lifecycle rule of the bucket ({}) {} objects whose names begin with \"{}\"",
              rule.id.empty() ? "without a name" : base::escape_for_terminal(rule.id),
              expires ? "deletes" : "moves into an archive class",
              base::escape_for_terminal(rule.prefix)),
          .remedy = expires ? "remove the rule, or give it another prefix: it deletes the backup"
                            : "remove the rule, or give it another prefix: what is in an archive "
                              "class can't be read"};
}

// A store in a bucket removes what it no longer needs, and must be able to.
Threat threat_of_retention(const std::string& retention) {
  return {.what = fmt::format("the bucket locks all new objects ({}): none can be deleted until "
                              "then, so prune frees room that late",
                              base::escape_for_terminal(retention)),
          .remedy = "remove the bucket's default retention, or expect its costs"};
}

std::string details_of(const BucketFacts& facts) {
  std::string details = "; region " + base::escape_for_terminal(facts.region);
  if (facts.versions == BucketVersions::kKept) {
    details +=
        "; versions are kept, so deleted objects are billed until a rule for noncurrent versions "
        "removes them";
  }
  if (!facts.rules) details += "; whether lifecycle rules delete objects is unknown";
  return details;
}

}  // namespace

BucketReport examine_bucket(const base::S3Config& config, Storage& storage) {
  BucketReport report;
  std::optional<BucketFacts> facts;
  try {
    facts = storage.bucket_facts();
  } catch (const StorageError& error) {
    report.failure = error.what();
    report.remedy = remedy_for(error.trouble());
    return report;
  }
  const std::string clock = clock_difference(storage);
  if (!clock.empty()) {
    report.threats.push_back({.what = clock + ": nothing is written there",
                              .remedy = "set it: timedatectl set-ntp true, or another NTP client"});
  }
  if (!facts) return report;
  for (const LifecycleRule& rule : facts->rules.value_or(std::vector<LifecycleRule>())) {
    if (applies_to(rule, config.prefix)) report.threats.push_back(threat_of(rule));
  }
  const std::string retention = facts->default_retention.value_or("");
  if (!retention.empty()) report.threats.push_back(threat_of_retention(retention));
  report.details = details_of(*facts);
  return report;
}

LockReport examine_locks(const base::S3Config& config, base::Clock& clock) {
  LockReport report;
  LockProof proof;
  try {
    proof = prove_locks(config, clock);
  } catch (const StorageError& error) {
    report.failure = error.what();
    report.remedy = remedy_for(error.trouble());
    return report;
  }
  if (!proof.holds()) {
    report.failure = "object lock does not hold there: " + proof.why + ": nothing is written there";
    report.remedy = remedy_for_locks(proof, config.lock_mode);
    return report;
  }
  const bool is_governance = config.lock_mode == base::S3LockMode::kGovernance;
  report.proof = fmt::format(
      "locks hold for {}: these credentials could neither shorten one nor delete a locked "
      "version{}",
      base::format_count(static_cast<std::uint64_t>(config.lock_for->count()), "day"),
      is_governance ? "; others that may bypass governance can" : "");
  return report;
}

}  // namespace store
