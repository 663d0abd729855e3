// The parts of the configuration that the store itself uses.
#pragma once

#include <chrono>
#include <cstdint>

#include "base/file_system.h"

namespace base {

// Mail servers accept 25 to 150 MB. In bytes.
inline constexpr std::uint64_t kMaxMessageByDefault = 4'000'000'000;

struct StoreConfig {
  Path path;
  Path index;
  Path key_file;
  Path audit_log;
  Path audit_socket;  // takes syslog messages, for lines that audit_log can't take; empty: none
  std::uint64_t keep_free = 256'000'000;             // bytes that a backup leaves free on its disk
  std::uint64_t max_message = kMaxMessageByDefault;  // bytes; a longer message is not backed up
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
