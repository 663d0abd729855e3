// What every fuzzer has: its entry point, and the end of the program where a condition does not
// hold.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>

// The head of the function that gets an input, `data` and `size`. libFuzzer calls it by a name of
// its own; without libFuzzer, one program has all fuzzers, each by its name.
#ifdef MAILSTOW_FUZZ
#define MAILSTOW_FUZZER(name) \
  extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size)
#else
#define MAILSTOW_FUZZER(name) extern "C" int name(const std::uint8_t* data, std::size_t size)
#endif

namespace fuzz {

inline void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace fuzz
