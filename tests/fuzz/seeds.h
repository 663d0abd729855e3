// What a fuzzer begins with: a few well-formed inputs, made when they are wanted.
#pragma once

#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace fuzz {

std::vector<base::Bytes> seeds_of(std::string_view fuzzer);

}  // namespace fuzz
