// Runs one measurement for each process, so that each has its own peak memory.
#include <cstdlib>
#include <exception>
#include <map>

#include <fmt/core.h>

#include "tests/bench/bench_store.h"

namespace {

using Arguments = std::vector<std::string>;

constexpr const char* kUsage =
    "usage: mailstow-store-bench make-mail DIRECTORY COUNT | add DIRECTORY MAIL |\n"
    "       prune DIRECTORY | check DIRECTORY | read-all DIRECTORY | read-one DIRECTORY |\n"
    "       make-million DIRECTORY [COUNT] | change-million DIRECTORY |\n"
    "       search-million DIRECTORY | nights DIRECTORY | clusters DIRECTORY MAIL |\n"
    "       year DIRECTORY [NIGHTS]\n";

bool run(const std::string& command, const Arguments& arguments) {
  const auto count = [&](std::size_t place, unsigned long otherwise) {
    return arguments.size() > place ? std::strtoul(arguments[place].c_str(), nullptr, 10)
                                    : otherwise;
  };
  const std::map<std::string, void (*)(const base::Path&)> in_folder = {
      {"prune", bench::prune_all},
      {"check", bench::check_data},
      {"read-all", bench::read_all},
      {"read-one", bench::read_one},
      {"change-million", bench::change_million},
      {"search-million", bench::search_million},
      {"nights", bench::thirty_nights}};
  if (const auto found = in_folder.find(command); found != in_folder.end()) {
    found->second(arguments[0]);
  } else if (command == "make-mail") {
    bench::make_mail(arguments[0], count(1, 10'000));
  } else if (command == "add" && arguments.size() == 2) {
    bench::add_mail(arguments[0], arguments[1]);
  } else if (command == "clusters" && arguments.size() == 2) {
    bench::four_accounts(arguments[0], arguments[1]);
  } else if (command == "year") {
    bench::a_year(arguments[0], count(1, 365));
  } else if (command == "make-million") {
    bench::make_million(arguments[0], static_cast<std::uint32_t>(count(1, 1'000'000)));
  } else {
    return false;
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  const Arguments words(argv + 1, argv + argc);
  if (words.size() < 2) {
    fmt::print(stderr, "{}", kUsage);
    return 2;
  }
  try {
    if (run(words[0], {words.begin() + 1, words.end()})) return 0;
    fmt::print(stderr, "{}", kUsage);
    return 2;
  } catch (const std::exception& error) {
    fmt::print(stderr, "mailstow-store-bench: {}\n", error.what());
    return 1;
  }
}
