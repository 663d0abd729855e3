// Names that can't be guessed, and what a name that must stay secret is kept as.
#pragma once

#include <string>
#include <string_view>

namespace desk {

std::string random_token();  // 64 hexadecimal digits: a session
std::string random_id();     // 32: a plan, a job, a grant
std::string random_code();   // 8 letters and digits for people, without those that look alike

// SHA-256 as hexadecimal digits.
std::string hash_of(std::string_view secret);

}  // namespace desk
