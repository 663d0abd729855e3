// A snapshot named by its id, as people type it.
#pragma once

#include <optional>
#include <string>

#include "store/reader.h"

namespace store {

// The account's only snapshot whose id begins with these digits. Nullopt if no id does, or if
// `digits` can't be meant as an id (base/id_text.h). Fails with kUsage if several ids begin with
// them, kNotFound for a whole id that no snapshot of the account has.
std::optional<SnapshotInfo> find_snapshot(Reader& reader, const std::string& account,
                                          const std::string& digits);

}  // namespace store
