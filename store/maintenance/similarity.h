// Where objects of one stream belong, so that similar ones are compressed together.
//
// Only the order in which a prune writes objects depends on it: it may change from version to
// version.
#pragma once

#include <compare>
#include <cstdint>

#include "base/bytes.h"

namespace store {

// Similar objects have equal values, or at least equal beginnings.
struct Similarity {
  std::uint64_t first = 0;
  std::uint64_t second = 0;
  auto operator<=>(const Similarity&) const = default;
};

// By words: the two smallest hashes of three successive ones (MinHash). Two texts that share most
// of their words in the same order probably have the same ones.
Similarity similarity_of_text(base::ByteView text);

// By origin: the mailing list, or else the domain of the sender, then the sender's address.
Similarity similarity_of_header(base::ByteView header);

}  // namespace store
