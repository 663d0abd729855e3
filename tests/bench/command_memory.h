// The peak memory of every command that reads or writes a store, on an account with one large
// folder and one large message.
#pragma once

#include <cstdint>

namespace bench {

// Prints the result. `messages`: in the large folder, beside a message of 1 GB. Filling the
// server takes minutes.
void measure_command_memory(std::uint32_t messages);

}  // namespace bench
