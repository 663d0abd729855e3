// A time with the zone offset it was written in, as in INTERNALDATE (RFC 9051, section 2.3.3).
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
