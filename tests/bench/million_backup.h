// One folder of a million messages on a private Dovecot, and the cost of a night with 100 changes.
#pragma once

#include <cstdint>

namespace bench {

// Prints the result. Filling the server takes minutes.
void back_up_million(std::uint32_t messages);

}  // namespace bench
