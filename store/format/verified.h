// Ensures that nothing is published that readers would reject or read as something else.
#pragma once

#include <string>

#include <fmt/core.h>

#include "base/bytes.h"
#include "base/error.h"
#include "store/format/limits.h"

namespace store {

// An object can't be read back with the intended meaning, or is larger than an object may be.
// Nothing of it was added to the store: the work that needs it ends, everything else continues.
class Unstorable : public base::Error {
 public:
  explicit Unstorable(const std::string& message)
      : base::Error(base::ErrorCode::kInternal, message) {}
};

// Returns `bytes`, the encoding of `what` ("a folder"), if it fits a block and `is_same` confirms,
// by decoding it with the readers' code, that its meaning is unchanged. Fails with Unstorable.
template <typename IsSame>
base::Bytes verified(const char* what, base::Bytes bytes, IsSame is_same,
                     std::size_t largest = kMaxObject) {
  if (bytes.size() > largest) {
    throw Unstorable(
        fmt::format("write {}: it takes {} bytes, the maximum is {}: it can't be stored", what,
                    bytes.size(), largest));
  }
  bool same = false;
  try {
    same = is_same(base::ByteView(bytes));
  } catch (const base::Error& error) {
    throw Unstorable(fmt::format("write {}: it could not be read back ({}): please report it", what,
                                 error.what()));
  }
  if (!same) {
    throw Unstorable(
        fmt::format("write {}: it would be read back as something else: please report it", what));
  }
  return bytes;
}

}  // namespace store
