// Small messages, for measurements in which their number matters.
#pragma once

#include <cstdint>
#include <string>

#include "tests/servers/mail_generator.h"

namespace bench {

// Words and people recur as in an archive; `number` makes the message unique.
std::string small_message(servers::Random& random, std::uint32_t number);

}  // namespace bench
