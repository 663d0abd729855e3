// Backs up accounts of many small folders.
#pragma once

#include <cstdint>

namespace bench {

// Compares the first backup of `folders` folders with a plain client that pipelines EXAMINE and
// UID FETCH, on the same server and in turns. Then prints the processor time of a first backup and
// of one that finds nothing changed, for a quarter, once and three times as many folders.
void back_up_folders(std::uint32_t folders);

}  // namespace bench
