// The machine on which this process runs, as records name it.
#pragma once

#include <string>

#include "base/file_system.h"

namespace store {

// 32 hex digits, made from the machine's id so that they don't disclose it. Empty if the machine
// has none.
std::string host_id(base::FileSystem& files, const base::Path& machine_id = "/etc/machine-id");

}  // namespace store
