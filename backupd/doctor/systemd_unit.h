// The state of systemd's units.
#pragma once

namespace backupd {

// False without systemd, too.
bool is_unit_enabled(const char* unit);

}  // namespace backupd
