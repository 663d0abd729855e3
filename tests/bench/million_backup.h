// One folder of a million messages on a private Dovecot, and what a night with 100 changes takes.
#pragma once

#include <cstdint>

namespace bench {

// Prints it. Filling the server takes minutes.
void back_up_million(std::uint32_t messages);

}  // namespace bench
