// make_seeds DIRECTORY NAME...: writes the seeds of each fuzzer to DIRECTORY/NAME.
#include <filesystem>
#include <fstream>
#include <span>

#include "tests/fuzz/seeds.h"

int main(int argc, char** argv) {
  const std::span arguments(argv, static_cast<std::size_t>(argc));
  if (arguments.size() < 3) return 2;
  for (const char* name : arguments.subspan(2)) {
    const std::filesystem::path directory = std::filesystem::path(arguments[1]) / name;
    std::filesystem::create_directories(directory);
    int number = 0;
    for (const base::Bytes& seed : fuzz::seeds_of(name)) {
      std::ofstream file(directory / std::to_string(number++), std::ios::binary);
      file << base::as_text(seed);
      if (!file.flush()) return 1;
    }
  }
  return 0;
}
