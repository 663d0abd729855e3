// The numbers by which IMAP identifies messages. Defined here because imap and store, which never
// include each other, both use them.
#pragma once

#include <compare>
#include <cstdint>

namespace base {

// A message's unique identifier in a folder (RFC 9051, section 2.3.1.1); never 0.
struct Uid {
  std::uint32_t value = 0;
  auto operator<=>(const Uid&) const = default;
};

}  // namespace base
