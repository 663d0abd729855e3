// Snapshots as no test server would produce them: they are written to the store by hand.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/zoned_time.h"
#include "tests/programs/installation.h"

namespace restore {

struct RecordedMessage {
  std::uint32_t uid = 0;
  std::string text;  // with header; lines end with CRLF
  std::optional<base::ZonedTime> internal_date;
  std::vector<std::string> flags = {};  // sorted
};

// Adds a snapshot of alice's account that has only INBOX (UIDVALIDITY 7). `messages` are sorted by
// UID. The store must exist.
void record_inbox(const programs::Installation& mailstow, std::chrono::sys_seconds time,
                  const std::vector<RecordedMessage>& messages);

}  // namespace restore
