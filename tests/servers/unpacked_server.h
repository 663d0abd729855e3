// Servers that scripts/fetch_servers unpacked: mail servers that can't be installed beside Dovecot,
// and object storage.
#pragma once

#include <string>
#include <string_view>

#include "base/file_system.h"

namespace servers {

// The directory of "cyrus", "courier", "imap4d", "swift" or "ceph". Fails with kInternal if it is
// not there.
base::Path unpacked_server(std::string_view name);

// Its directories of libraries, as in LD_LIBRARY_PATH.
std::string libraries_of(std::string_view name);

}  // namespace servers
