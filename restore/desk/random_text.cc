#include "restore/desk/random_text.h"

#include <array>
#include <cstddef>

#include "base/bytes.h"
#include "store/format/crypto.h"

namespace desk {

namespace {

template <std::size_t Size>
std::array<std::byte, Size> random_bytes() {
  std::array<std::byte, Size> bytes{};
  store::fill_random(bytes);
  return bytes;
}

}  // namespace

std::string random_token() {
  return base::to_hex(random_bytes<32>());
}

std::string random_id() {
  return base::to_hex(random_bytes<16>());
}

std::string random_code() {
  // 32 letters, so that each byte chooses one of them evenly.
  constexpr std::string_view kLetters = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
  std::string code;
  for (const std::byte byte : random_bytes<8>()) {
    code += kLetters[std::to_integer<std::size_t>(byte) % kLetters.size()];
  }
  return code;
}

std::string hash_of(std::string_view secret) {
  return store::sha256(base::as_bytes(secret)).hex();
}

}  // namespace desk
