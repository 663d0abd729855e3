// The parts of the configuration that the store itself uses.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "base/config/s3_config.h"
#include "base/file_system.h"

namespace base {

// Mail servers accept 25 to 150 MB. In bytes.
inline constexpr std::uint64_t kMaxMessageByDefault = 4'000'000'000;

// In bytes. The last state of a folder has about 50 of them for each message.
inline constexpr std::uint64_t kCacheByDefault = 256'000'000;

// How far back a command may look: the sequence number (store/format/snapshot.h) of the oldest
// snapshot that exists for it, by account. Other accounts have no snapshots for it.
using Reach = std::map<std::string, std::uint64_t, std::less<>>;

struct StoreConfig {
  Path path;                   // a store in a directory
  std::optional<S3Config> s3;  // a store in a bucket: then `path` is empty
  Path index;
  Path spool;  // of a store in a bucket: the directory of packs that are to be uploaded
  Path key_file;
  Path audit_log;
  Path audit_socket;  // takes syslog messages, for lines that audit_log can't take; empty: none
  // Bytes that a backup leaves free on the disk of `path`, or on those of `index` and `spool`.
  std::uint64_t keep_free = 256'000'000;
  // Bytes of blocks of manifests of a store in a bucket that are kept beside the index; 0: none.
  std::uint64_t cache = kCacheByDefault;
  std::uint64_t max_message = kMaxMessageByDefault;  // bytes; a longer message is not backed up
  bool has_own_index = false;  // on a machine that only reads: readers bring `index` up to date
  // Not a key of the file: set for a command with --reach, so that every reader of the store that
  // the command opens has this bound. Nullopt: all snapshots exist.
  std::optional<Reach> reach = {};
  // Not a key of the file either: set for a command with --as-of, so that every reader that it
  // opens sees the store as of an earlier commit. The directory of an index of that commit.
  Path past_index = {};
  std::string as_of = {};  // that commit's number, for commands that messages suggest

  // For messages: the directory, or s3://bucket/prefix.
  std::string display_name() const { return s3 ? s3->display_name() : path.string(); }
};

// Which snapshots prune keeps.
struct RetentionConfig {
  std::chrono::seconds keep_within = std::chrono::days(30);
  unsigned last = 0;
  unsigned hourly = 0;
  unsigned daily = 30;
  unsigned weekly = 12;
  unsigned monthly = 24;
  unsigned yearly = 0;
  bool operator==(const RetentionConfig&) const = default;
};

}  // namespace base
