// Selects the full-length loops (scripts/test --long).
#pragma once

#include <cstdlib>

namespace tests {

inline bool is_long_run() {
  return std::getenv("MAILSTOW_TEST_LONG") != nullptr;
}

// Takes every case in a long run, one of `one_of` in a short one. Where the cases are the variants
// of one operation after another, and `one_of` has no divisor in common with the number of
// variants, each variant is tried at different operations, and all of them equally often.
class Sample {
 public:
  explicit Sample(unsigned one_of) : one_of_(one_of) {}

  bool takes_next() { return next_++ % one_of_ == 0 || is_long_run(); }

 private:
  unsigned one_of_;
  unsigned next_ = 0;
};

// Takes every case of a property in a long run, and the first few in a short one: RapidCheck runs a
// hundred.
class FirstCases {
 public:
  explicit FirstCases(unsigned few) : few_(few) {}

  bool takes_next() { return next_++ < few_ || is_long_run(); }

 private:
  unsigned few_;
  unsigned next_ = 0;
};

}  // namespace tests
