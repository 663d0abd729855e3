// Any bytes as a tree record: rejected with kDamaged, or its content survives re-encoding.
#include <cstdlib>

#include "base/error.h"
#include "store/tree_record.h"

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer's
extern "C" int LLVMFuzzerTestOneInput(const unsigned char* data, std::size_t size) {
  try {
    const store::TreeRecord record =
        store::decode_tree_record(std::as_bytes(std::span(data, size)));
    if (store::decode_tree_record(store::encode_tree_record(record)) != record) std::abort();
  } catch (const base::Error& error) {
    if (error.code() != base::ErrorCode::kDamaged) std::abort();
  }
  return 0;
}
