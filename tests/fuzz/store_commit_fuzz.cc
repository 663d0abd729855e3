// Any bytes as a commit, a snapshot's root or a folder: rejected with kDamaged, a commit also as
// one of a newer version, or its content survives re-encoding.
#include <cstdlib>

#include "base/error.h"
#include "store/format/commit.h"
#include "store/format/folder_object.h"
#include "tests/fuzz/fuzzer.h"

namespace {

template <typename Object>
void check(base::ByteView bytes) {
  try {
    const Object object = Object::decode(bytes);
    if (!(Object::decode(object.encode()) == object)) std::abort();
  } catch (const base::Error& error) {
    const bool is_newer = error.code() == base::ErrorCode::kConfig;
    if (error.code() != base::ErrorCode::kDamaged && !is_newer) std::abort();
  }
}

}  // namespace

MAILSTOW_FUZZER(store_commit_fuzz) {
  const base::ByteView bytes = std::as_bytes(std::span(data, size));
  check<store::Commit>(bytes);
  check<store::Root>(bytes);
  check<store::FolderObject>(bytes);
  return 0;
}
