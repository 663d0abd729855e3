// The machine on which this process runs, as the records of trees name it. It stays the same when
// the machine is started again, so that its trees remain its own: unlike the id of a writer
// (store/index/host_identity.h), which must differ from that of a clone.
#pragma once

#include <string>

#include "base/file_system.h"

namespace store {

// 32 hex digits, made from the machine's id so that they don't disclose it. Empty if the machine
// has none.
std::string host_id(base::FileSystem& files, const base::Path& machine_id = "/etc/machine-id");

}  // namespace store
