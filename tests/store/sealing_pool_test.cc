#include "store/sealing_pool.h"

#include <cstdlib>
#include <fstream>

#include <gtest/gtest.h>
#include <sys/resource.h>

namespace store {
namespace {

// The sanitizers reserve terabytes of address space, so that this test exists in other builds only.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)

void limit_address_space(rlim_t bytes) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_AS, &limit) != 0) std::abort();
  limit.rlim_cur = bytes;
  if (::setrlimit(RLIMIT_AS, &limit) != 0) std::abort();
}

rlim_t address_space() {
  rlim_t pages = 0;
  std::ifstream("/proc/self/statm") >> pages;
  return pages * 4096;
}

// Returns 0 if a pool seals a block though there is no room for the stacks of all its threads.
int seal_with_few_threads() {
  BlockContext context;
  fill_random(context.store);
  context.keys = Keys::derive(random_key());
  limit_address_space(address_space() + (rlim_t{40} << 20));
  SealingPool pool(context, 3, 256);
  limit_address_space(RLIM_INFINITY);
  pool.submit(BlockHeader(), base::Bytes(100));
  return pool.take().empty() ? 1 : 0;
}

TEST(SealingPoolDeathTest, WorksWithAsManyThreadsAsCanBeStarted) {
  EXPECT_EXIT(std::exit(seal_with_few_threads()), testing::ExitedWithCode(0), "");
}

#endif

}  // namespace
}  // namespace store
