// Any bytes as a key file, an exported key or a key slot (with a corrected checksum, because
// otherwise hardly any input would be accepted).
#include <algorithm>

#include "base/error.h"
#include "store/keys/key_export.h"
#include "store/keys/key_file.h"
#include "store/keys/key_slot.h"
#include "tests/fuzz/fuzzer.h"

namespace {

using fuzz::require;

void check_slot(base::ByteView bytes) {
  const std::optional<store::KeySlot> slot = store::KeySlot::decode(bytes);
  require(!slot || !store::KeySlot::is_newer(bytes));
  if (!slot) return;
  require(std::ranges::equal(slot->encode(), bytes));
  require(slot->memory <= std::uint64_t{64} << 20U && slot->operations <= 10);
  // The slot was not created with this key.
  require(!store::open_with_key_file(*slot, store::Key()));
}

}  // namespace

MAILSTOW_FUZZER(store_key_fuzz) {
  const base::ByteView bytes = std::as_bytes(std::span(data, size));
  store::parse_key_file(bytes);
  try {
    store::parse_key_export(bytes);
  } catch (const base::Error& error) {
    require(error.code() == base::ErrorCode::kKey);
  }
  check_slot(bytes);
  base::Bytes slot(bytes.begin(), bytes.end());
  const auto sum = store::checksum(slot);
  slot.insert(slot.end(), sum.begin(), sum.end());
  check_slot(slot);
  return 0;
}
