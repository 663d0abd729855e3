// Runs every fuzzer on its seeds and on mutations of them, mostly several thousand, with the
// sanitizers that the tests are built with. A finding aborts. scripts/fuzz searches longer and
// deeper.
#include <algorithm>
#include <cstdint>
#include <random>

#include <gtest/gtest.h>

#include "tests/fuzz/fuzzer.h"
#include "tests/fuzz/seeds.h"
#include "tests/long_run.h"

MAILSTOW_FUZZER(backupd_once_fuzz);
MAILSTOW_FUZZER(desk_protocol_fuzz);
MAILSTOW_FUZZER(imap_response_fuzz);
MAILSTOW_FUZZER(imap_session_fuzz);
MAILSTOW_FUZZER(store_block_fuzz);
MAILSTOW_FUZZER(store_commit_fuzz);
MAILSTOW_FUZZER(store_key_fuzz);
MAILSTOW_FUZZER(store_leaf_fuzz);
MAILSTOW_FUZZER(store_recipe_fuzz);
MAILSTOW_FUZZER(store_split_fuzz);
MAILSTOW_FUZZER(store_trailer_fuzz);
MAILSTOW_FUZZER(store_tree_record_fuzz);
MAILSTOW_FUZZER(web_render_fuzz);
MAILSTOW_FUZZER(web_request_fuzz);

namespace fuzz {
namespace {

struct Fuzzer {
  const char* name;
  int (*run)(const std::uint8_t*, std::size_t);
  std::size_t slowness = 1;  // divides the number of mutations
};

void run(const Fuzzer& fuzzer, const base::Bytes& input) {
  ASSERT_EQ(0, fuzzer.run(reinterpret_cast<const std::uint8_t*>(input.data()), input.size()));
}

base::Bytes mutated(base::Bytes bytes, const base::Bytes& other, std::mt19937& random) {
  const auto below = [&](std::size_t limit) { return limit == 0 ? 0 : random() % limit; };
  const auto at = [&](std::size_t place) {
    return bytes.begin() + static_cast<std::ptrdiff_t>(place);
  };
  for (std::size_t steps = 1 + below(4); steps > 0; --steps) {
    const std::size_t place = below(bytes.size());
    switch (bytes.empty() ? 4 : below(6)) {
      case 0:
        bytes[place] ^= static_cast<std::byte>(1U << below(8));
        break;
      case 1:
        bytes[place] = static_cast<std::byte>(random());
        break;
      case 2:
        bytes[place] = below(2) == 0 ? std::byte{0xff} : std::byte{0};
        break;
      case 3:
        bytes.resize(place);
        break;
      case 4:
        bytes.insert(at(place), static_cast<std::byte>(random()));
        break;
      default: {
        const std::size_t cut = below(other.size());
        bytes.resize(place);
        bytes.insert(bytes.end(), other.begin() + static_cast<std::ptrdiff_t>(cut), other.end());
      }
    }
  }
  return bytes;
}

class FuzzReplayTest : public testing::TestWithParam<Fuzzer> {};

TEST_P(FuzzReplayTest, SeedsAndTheirMutationsFindNothing) {
  const std::size_t mutations = (tests::is_long_run() ? 200'000 : 4'000) / GetParam().slowness;
  const std::vector<base::Bytes> seeds = seeds_of(GetParam().name);
  ASSERT_FALSE(seeds.empty());
  run(GetParam(), {});
  for (const base::Bytes& seed : seeds) run(GetParam(), seed);
  std::mt19937 random(20'261'124);
  for (std::size_t i = 0; i < mutations; ++i) {
    run(GetParam(),
        mutated(seeds[random() % seeds.size()], seeds[random() % seeds.size()], random));
  }
}

#define MAILSTOW_FUZZER_OF(name) \
  Fuzzer {                       \
    #name, name                  \
  }
INSTANTIATE_TEST_SUITE_P(
    Each, FuzzReplayTest,
    testing::Values(Fuzzer{"backupd_once_fuzz", backupd_once_fuzz, 200},
                    MAILSTOW_FUZZER_OF(desk_protocol_fuzz), MAILSTOW_FUZZER_OF(imap_response_fuzz),
                    Fuzzer{"imap_session_fuzz", imap_session_fuzz, 2},
                    MAILSTOW_FUZZER_OF(store_block_fuzz), MAILSTOW_FUZZER_OF(store_commit_fuzz),
                    MAILSTOW_FUZZER_OF(store_key_fuzz), MAILSTOW_FUZZER_OF(store_leaf_fuzz),
                    MAILSTOW_FUZZER_OF(store_recipe_fuzz), MAILSTOW_FUZZER_OF(store_split_fuzz),
                    MAILSTOW_FUZZER_OF(store_trailer_fuzz),
                    MAILSTOW_FUZZER_OF(store_tree_record_fuzz),
                    Fuzzer{"web_render_fuzz", web_render_fuzz, 500},
                    Fuzzer{"web_request_fuzz", web_request_fuzz, 500}),
    [](const auto& fuzzer) { return std::string(fuzzer.param.name); });
#undef MAILSTOW_FUZZER_OF

}  // namespace
}  // namespace fuzz
