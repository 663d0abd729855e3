#include "base/config/store_privacy.h"

#include "base/error.h"
#include "base/resolved_path.h"
#include "base/terminal.h"

namespace base {

std::vector<Misplaced> misplaced_in_store(const StoreConfig& store) {
  std::vector<Misplaced> misplaced;
  if (store.s3) return misplaced;
  const auto add = [&](const char* key, const Path& path, const char* why) {
    if (lies_in(path, store.path)) misplaced.push_back({key, path, why});
  };
  add("store.key_file", store.key_file, "every copy of the store would hold the key that opens it");
  add("store.index", store.index, "it is plain text, with senders, recipients and subjects");
  add("store.audit_log", store.audit_log, "it is plain text, with names and searches");
  return misplaced;
}

void refuse_in_store(const StoreConfig& store, const Path& path, const std::string& what) {
  if (store.s3 || !lies_in(path, store.path)) return;
  fail(ErrorCode::kUsage,
       "{}: {} lies in the store {}, which is copied to other machines: choose another directory",
       what, escape_for_terminal(path.string()), store.path.string());
}

}  // namespace base
