// Nothing is published that readers would refuse or read as something else.
#pragma once

#include <string>

#include <fmt/core.h>

#include "base/bytes.h"
#include "base/error.h"
#include "store/format/limits.h"

namespace store {

// What was to be written can't be read back as what was meant, or takes more than an object may.
// Nothing of it was added to the store: what needs it ends, and all else goes on.
class Unstorable : public base::Error {
 public:
  explicit Unstorable(const std::string& message)
      : base::Error(base::ErrorCode::kInternal, message) {}
};

// Gives `bytes`, the encoding of `what` ("a folder"), if it fits a block and `is_same`, which gets
// them and decodes them with the readers' code, says that they mean the same. Fails with
// Unstorable.
template <typename IsSame>
base::Bytes verified(const char* what, base::Bytes bytes, IsSame is_same,
                     std::size_t largest = kMaxObject) {
  if (bytes.size() > largest) {
    throw Unstorable(
        fmt::format("write {}: it takes {} bytes, and {} are the most: it can't be stored", what,
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
