// Random data for tests, at little cost.
#pragma once

#include <cstdint>
#include <cstring>
#include <string>

#include "store/format/crypto.h"

namespace tests {

// Bytes that can't be mistaken for text, always the same for one seed: the key stream of the
// store's cipher, because a generator that is compiled without optimisation takes more time than
// the code under test.
inline std::string random_bytes(std::uint64_t seed, std::size_t size) {
  static const store::Key key;
  store::Nonce nonce{};
  std::memcpy(nonce.data(), &seed, sizeof seed);
  base::Bytes sealed(size + store::kTagSize);
  store::seal_box(key, nonce, nonce, base::Bytes(size), sealed);
  std::string bytes(base::as_text(base::ByteView(sealed).first(size)));
  if (!bytes.empty()) bytes.front() = '\0';
  return bytes;
}

}  // namespace tests
