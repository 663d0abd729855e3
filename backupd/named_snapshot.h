// The snapshot that a command line names.
#pragma once

#include <string>
#include <string_view>

#include "base/program/program.h"
#include "store/reader.h"

namespace backupd {

// The account's snapshot whose id begins with these digits. Fails, naming `command`, with kNotFound
// if the store has no such account or snapshot, and with kUsage if `digits` is not an id or several
// ids begin with them.
store::SnapshotInfo named_snapshot(const base::Environment& environment, const std::string& account,
                                   const std::string& digits, std::string_view command);

}  // namespace backupd
