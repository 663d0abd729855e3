// Files in memory that other processes can read.
#pragma once

#include <string_view>

#include "base/bytes.h"
#include "base/handle.h"

namespace base {

// An anonymous file with this content, positioned at its beginning; closed on exec. `name` stands
// for it in messages. Fails with kIo or kNoSpace.
Fd memory_file(const char* name, ByteView content);

}  // namespace base
