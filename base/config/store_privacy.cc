#include "base/config/store_privacy.h"

#include <fmt/core.h>

#include "base/error.h"
#include "base/resolved_path.h"
#include "base/terminal.h"

namespace base {

std::vector<PrivatePath> private_paths(const StoreConfig& store) {
  return {{"store.key_file", store.key_file, "it opens the store and every copy of it"},
          {"store.index", store.index, "it is plain text, with senders, recipients and subjects"},
          {"store.audit_log", store.audit_log, "it is plain text, with names and searches"}};
}

std::vector<Misplaced> misplaced(const StoreConfig& store, const std::vector<CopyConfig>& copies,
                                 const std::vector<PrivatePath>& paths) {
  std::vector<Misplaced> found;
  const auto look_in = [&](const Path& directory, const std::string& name, bool is_store) {
    for (const PrivatePath& path : paths) {
      if (lies_in(path.path, directory)) found.push_back({path, name, is_store});
    }
  };
  if (!store.s3) look_in(store.path, "the store " + store.path.string(), true);
  for (const CopyConfig& copy : copies) {
    if (copy.s3) continue;
    look_in(copy.path, fmt::format("the copy {} in {}", copy.name, copy.path.string()), false);
  }
  return found;
}

void refuse_in_store_or_copy(const StoreConfig& store, const std::vector<CopyConfig>& copies,
                             const Path& path, const std::string& what) {
  const auto found = misplaced(store, copies, {{.what = "", .path = path, .why = ""}});
  if (found.empty()) return;
  fail(ErrorCode::kUsage, "{}: {} lies in {}, which {}: choose another directory", what,
       escape_for_terminal(path.string()), escape_for_terminal(found.front().where),
       found.front().is_in_store ? "is copied to other machines" : "other people may read");
}

}  // namespace base
