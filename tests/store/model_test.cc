// Random interleavings of all operations that change a store, compared with a plain model.
#include <limits>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "tests/long_run.h"
#include "tests/store/model_store.h"

namespace store {
namespace {

using tests::Fault;
using tests::Survival;

// RapidCheck runs a hundred cases; the short run tests only the first few.
bool has_run_enough() {
  constexpr int kShortCases = 8;
  static int cases = 0;
  return !tests::is_long_run() && ++cases > kShortCases;
}

class Steps {
 public:
  explicit Steps(std::uint32_t seed) : random_(seed) {}

  void take(std::uint32_t choice) {
    const std::string account = choice % 3 == 0 ? "alice" : "bob";
    const bool fails = choice % 5 == 0;
    if (fails) {
      store_.files().fail_for_good_from(store_.files().operations() + 1 + choice / 7 % 32,
                                        choice % 2 == 0 ? Fault::kIo : Fault::kDoneAndFail);
    }
    do_one(choice / 16 % 8, account, choice / 128);
    if (!fails) return;
    store_.files().stop_failing();
    if (choice % 4 != 0) {
      constexpr Survival kSurvivals[] = {Survival::kNothing, Survival::kEverything,
                                         Survival::kAnything};
      store_.crash(kSurvivals[choice % 3], random_);
    }
    if (choice % 9 == 0) store_.lose_index();
    store_.verify();
  }

  void end() {
    store_.verify();
    store_.check();
    store_.reindex();
    store_.verify();
    store_.check();
  }

 private:
  void do_one(std::uint32_t kind, const std::string& account, std::uint32_t detail) {
    switch (kind) {
      case 0:
      case 1:
      case 2:
        return store_.back_up(account, detail % 12, 1 + detail / 12 % 5);
      case 3:
        return store_.forget(account);
      case 4:
      case 5:
        store_.pass(std::chrono::hours(detail % 30));
        return store_.prune(1 + detail % 3);
      case 6:
        return store_.reindex();
      default:
        return store_.pass(std::chrono::hours(detail % 48));
    }
  }

  ModelStore store_;
  std::mt19937 random_;
};

RC_GTEST_PROP(ModelProperty, TheStoreEqualsTheModel, ()) {
  if (has_run_enough()) return;
  const auto choices = *rc::gen::resize(
      25, rc::gen::container<std::vector<std::uint32_t>>(
              rc::gen::inRange<std::uint32_t>(0, std::numeric_limits<std::uint32_t>::max())));
  Steps steps(static_cast<std::uint32_t>(choices.size()));
  for (const std::uint32_t choice : choices) steps.take(choice);
  steps.end();
  RC_ASSERT(!testing::Test::HasFailure());
}

}  // namespace
}  // namespace store
