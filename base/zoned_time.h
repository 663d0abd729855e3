// A moment with the zone that it was written in, as INTERNALDATE has it (RFC 9051, section 2.3.3).
#pragma once

#include <chrono>
#include <cstdint>

namespace base {

struct ZonedTime {
  std::chrono::sys_seconds instant{};
  std::int16_t zone_minutes = 0;  // east of UTC; -1439 to 1439
  bool operator==(const ZonedTime&) const = default;
};

}  // namespace base
