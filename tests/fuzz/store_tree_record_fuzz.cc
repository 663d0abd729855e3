// Any bytes as a tree record: rejected with kDamaged, or its content survives re-encoding.
#include <cstdlib>

#include "base/error.h"
#include "store/tree_record.h"
#include "tests/fuzz/fuzzer.h"

MAILSTOW_FUZZER(store_tree_record_fuzz) {
  try {
    const store::TreeRecord record =
        store::decode_tree_record(std::as_bytes(std::span(data, size)));
    if (store::decode_tree_record(store::encode_tree_record(record)) != record) std::abort();
  } catch (const base::Error& error) {
    if (error.code() != base::ErrorCode::kDamaged) std::abort();
  }
  return 0;
}
