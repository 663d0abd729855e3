#include <algorithm>
#include <filesystem>
#include <iterator>
#include <string>
#include <system_error>
#include <utility>

#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include "backupd/doctor/bucket_check.h"
#include "backupd/doctor/checks.h"
#include "backupd/doctor/file_access.h"
#include "base/clock.h"
#include "base/config/store_privacy.h"
#include "base/error.h"
#include "base/resolved_path.h"
#include "base/terminal.h"
#include "base/time_text.h"
#include "store/fence.h"
#include "store/format/layout.h"
#include "store/format/location.h"
#include "store/reader.h"

namespace backupd {

namespace {

constexpr mode_t kOthers = S_IRWXG | S_IRWXO;
constexpr mode_t kWritableByOthers = S_IWGRP | S_IWOTH;
// The new mail of a few hundred accounts in one night.
constexpr std::uint64_t kLittle = 2'000'000'000;

class StoreExaminer {
 public:
  StoreExaminer(const base::StoreConfig& config, base::FileSystem& files)
      : config_(config), files_(files) {}

  std::vector<Finding> run() {
    const store::Location location = store::location_of(config_);
    if (location.is_directory()) {
      check_directory(location);
    } else {
      check_bucket(location);
    }
    return std::move(findings_);
  }

 private:
  static bool is_problem(const Finding& finding) { return finding.state != FindingState::kOk; }

  void check_directory(const store::Location& location) {
    if (!access_of(config_.path)) {
      findings_.push_back(failure("store", shown(config_.path), "does not exist",
                                  "create it: mailstow-backupd init",
                                  base::ExitStatus::kNothingDone));
      return;
    }
    check_access("store", config_.path, kWritableByOthers, "other users can change it");
    find_misplaced();
    find_audit_socket();
    for (const base::Path& directory :
         {store::packs_directory(location), store::commits_directory(location),
          store::owner_directory(location), store::keys_directory(location),
          store::trees_directory(location), store::readers_directory(location)}) {
      check_access("store", directory, kWritableByOthers, "other users can change it");
      find_foreign_files(directory);
    }
    check_index();
    open(location);
    if (std::ranges::none_of(findings_, is_problem)) {
      findings_.push_back(passed("store", shown(config_.path),
                                 fmt::format("owned by {} and writable", user_name(::geteuid()))));
    }
  }

  void check_bucket(const store::Location& location) {
    find_audit_socket();
    check_index();
    check_access("spool", config_.spool, kWritableByOthers, "other users can change it");
    BucketCheck bucket =
        try_bucket("store", shown_store(), "store.s3", *config_.s3, location, files_);
    std::ranges::move(bucket.findings, std::back_inserter(findings_));
    if (!bucket.is_usable) return;
    if (!bucket.not_removed.empty()) {
      findings_.push_back(
          warning("store", shown_store(), "it keeps what is removed: " + bucket.not_removed,
                  "allow this access key to delete objects, or prune can free nothing"));
    }
    open(location);
    const bool is_fenced = bucket.creates_once || (!has_failed() && try_fence(location));
    if (std::ranges::any_of(findings_, is_problem)) return;
    findings_.push_back(
        passed("store", shown_store(),
               fmt::format("objects can be written, read, listed and deleted{}; of several hosts "
                           "that write at once, {}",
                           bucket.details,
                           is_fenced ? "one is let through by the storage"
                                     : "the store's own records find the others")));
  }

  bool has_failed() const {
    return std::ranges::any_of(
        findings_, [](const Finding& finding) { return finding.state == FindingState::kFailure; });
  }

  // Also if the last proof is not due.
  bool try_fence(const store::Location& location) {
    if (location.fenced_bucket.empty()) return false;
    store::FenceNote note;
    try {
      note = store::prove_fence(*location.storage, files_, location,
                                base::system_clock().now_seconds());
    } catch (const base::Error& error) {
      if (error.code() != base::ErrorCode::kStorage) throw;
      findings_.push_back(warning("store", shown_store(), error.what(), "try again later"));
      return false;
    }
    if (note.proof == store::FenceProof::kBroken) {
      findings_.push_back(warning(
          "store", shown_store(),
          fmt::format("it made sure that a name is created only once, and on {} no longer did",
                      base::shown_time(note.time)),
          "make sure that only one host writes; docs/object-storage.md describes what else to do"));
    }
    return note.proof == store::FenceProof::kProven;
  }

  void check_index() {
    check_access("index", config_.index, kOthers, "other users can read senders and recipients");
    for (const std::string& name : files_.list(config_.index)) {
      check_access("index", config_.index / name, kOthers,
                   "other users can read senders and recipients");
    }
  }

  std::string shown_store() const { return base::escape_for_terminal(config_.display_name()); }

  void check_access(const char* check, const base::Path& path, mode_t forbidden, const char* why) {
    const auto access = access_of(path);
    if (!access) return;  // opening it reports what is missing
    const auto wrong = [&](std::string what, std::string remedy) {
      findings_.push_back(failure(check, shown(path), std::move(what), std::move(remedy)));
    };
    if (access->owner != ::geteuid() && ::geteuid() != 0) {
      wrong(fmt::format("it belongs to {}, not to {}, which runs mailstow",
                        user_name(access->owner), user_name(::geteuid())),
            fmt::format("chown {} {}", user_name(::geteuid()), shown(path)));
    } else if (!may_write(path)) {
      wrong(fmt::format("{} can't write to it", user_name(::geteuid())),
            fmt::format("chmod u+rwX {}; see whether its disk is mounted read-only", shown(path)));
    }
    if ((access->mode & forbidden) != 0) {
      wrong(fmt::format("its permissions are {}: {}", octal(access->mode), why),
            fmt::format("chmod {} {}", forbidden == kOthers ? "go=" : "go-w", shown(path)));
    }
  }

  void find_misplaced() {
    for (const base::Misplaced& found :
         base::misplaced(config_, {}, base::private_paths(config_))) {
      findings_.push_back(failure(
          "store", shown(found.file.path),
          fmt::format("it lies in {}: {}", base::escape_for_terminal(found.where), found.file.why),
          fmt::format("move it out of the store and set {}; delete it in copies of the store, too",
                      found.file.what),
          base::ExitStatus::kUsage));
    }
  }

  void find_audit_socket() {
    if (config_.audit_socket.empty() || access_of(config_.audit_socket)) return;
    findings_.push_back(
        warning("store", shown(config_.audit_socket),
                "it does not exist: commands that audit_log can't record are refused",
                "start the syslog service, or correct store.audit_socket"));
  }

  // Finds files of root in the store of an ordinary user, left for instance by restoring a copy of
  // the store.
  void find_foreign_files(const base::Path& directory) {
    for (const std::string& name : files_.list(directory)) {
      const auto access = access_of(directory / name);
      if (!access || access->owner == ::geteuid()) continue;
      findings_.push_back(
          failure("store", shown(directory),
                  fmt::format("{} in it belongs to {}", base::escape_for_terminal(name),
                              user_name(access->owner)),
                  fmt::format("chown -R {} {}", user_name(::geteuid()), shown(config_.path))));
      return;
    }
  }

  void open(const store::Location& location) {
    try {
      static_cast<void>(store::Reader::open(location, files_));
    } catch (const base::Error& error) {
      if (error.code() == base::ErrorCode::kKey) return;  // another check reports that
      if (error.code() == base::ErrorCode::kNotFound && !location.is_directory()) {
        findings_.push_back(failure("store", shown_store(), "no store is in it",
                                    "create it: mailstow-backupd init",
                                    base::ExitStatus::kNothingDone));
        return;
      }
      const bool is_damaged = error.code() == base::ErrorCode::kDamaged;
      findings_.push_back(failure("index", shown(config_.index), error.what(),
                                  is_damaged
                                      ? "mailstow-backupd check shows what; docs/recovery.md "
                                        "describes what to do"
                                      : "mailstow-backupd reindex rebuilds the index",
                                  base::exit_status(error.code())));
    }
  }

  const base::StoreConfig& config_;
  base::FileSystem& files_;
  std::vector<Finding> findings_;
};

// The path, or the nearest directory above it that exists.
base::Path nearest_existing(base::Path path) {
  while (!access_of(path) && path.has_relative_path()) path = path.parent_path();
  return path;
}

std::vector<base::Path> watched_directories(const base::StoreConfig& config) {
  if (!config.s3) return {config.path, config.index};
  if (base::lies_in(config.spool, config.index)) return {config.index};
  return {config.index, config.spool};
}

// How much the cache beside the index may still grow.
std::uint64_t growth_of_cache(const base::StoreConfig& config) {
  if (!config.s3) return 0;
  std::uint64_t used = 0;
  std::error_code error;
  const base::Path directory =
      store::cache_directory({.store = {}, .index = config.index, .key_file = {}});
  for (const auto& file : std::filesystem::directory_iterator(directory, error)) {
    const std::uint64_t size = file.file_size(error);
    if (!error) used += size;
  }
  return config.cache - std::min(config.cache, used);
}

}  // namespace

std::vector<Finding> check_store(const base::StoreConfig& config, base::FileSystem& files) {
  return StoreExaminer(config, files).run();
}

std::vector<Finding> check_free_space(const base::StoreConfig& config, base::FileSystem& files) {
  std::vector<Finding> findings;
  for (const base::Path& path : watched_directories(config)) {
    const std::uint64_t free = files.free_space(nearest_existing(path));
    const std::string what = base::format_size(free) + " are free";
    const std::string remedy = "free space, or delete snapshots: mailstow-backupd prune";
    const std::uint64_t growth = path == config.index ? growth_of_cache(config) : 0;
    if (free < config.keep_free) {
      findings.push_back(
          failure("space", shown(path),
                  fmt::format("{}, less than the {} that backups leave free: no backup is "
                              "taken",
                              what, base::format_size(config.keep_free)),
                  remedy));
    } else if (free < config.keep_free + kLittle + growth) {
      std::string text = fmt::format("{}; backups stop when {} are left", what,
                                     base::format_size(config.keep_free));
      if (growth > 0) {
        text += fmt::format(", and the cache (store.cache_mb) may take {} before that",
                            base::format_size(growth));
      }
      findings.push_back(warning("space", shown(path), text, remedy));
    } else {
      findings.push_back(passed("space", shown(path), what));
    }
  }
  return findings;
}

}  // namespace backupd
