// Small messages, where what counts is how many there are.
#pragma once

#include <cstdint>
#include <string>

#include "tests/servers/mail_generator.h"

namespace bench {

// Words and people recur as they do in an archive; `number` makes it one of its own.
std::string small_message(servers::Random& random, std::uint32_t number);

}  // namespace bench
