// Names that can't be guessed.
#pragma once

#include <string>

namespace web {

std::string random_id();  // 32 hexadecimal digits

}  // namespace web
