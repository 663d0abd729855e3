// Mail servers that scripts/fetch_servers unpacked, because they can't be installed beside Dovecot.
#pragma once

#include <string>
#include <string_view>

#include "base/file_system.h"

namespace servers {

// The directory of "cyrus", "courier" or "imap4d". Fails with kInternal if it is not there.
base::Path unpacked_server(std::string_view name);

// Its directories of libraries, as in LD_LIBRARY_PATH.
std::string libraries_of(std::string_view name);

}  // namespace servers
