// The seeds of the fuzzers: a few well-formed inputs, generated on demand.
#pragma once

#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace fuzz {

std::vector<base::Bytes> seeds_of(std::string_view fuzzer);

}  // namespace fuzz
