// Requests to stop: a program that receives SIGTERM or SIGINT ends at a point where nothing is
// lost.
#pragma once

#include <stdexcept>
#include <string_view>

namespace base {

// Work was abandoned because a stop was requested. It is not an Error: nothing went wrong, so error
// handlers must not catch it.
class Stopped : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// How blocking waits, for a server or for time, react to a stop request.
enum class OnStop {
  kThrow,     // they throw Stopped: for work that can be abandoned anywhere
  kContinue,  // for work that can be abandoned only between steps
};

// From now on SIGTERM and SIGINT only request a stop. A second SIGINT ends the program at once: the
// user does not want to wait.
void stop_on_request(OnStop on_stop);

bool is_stop_requested() noexcept;

// Throws Stopped if a stop was requested. Its message names `work` ("prune") and what became of it,
// the `outcome`.
void stop_if_requested(std::string_view work, std::string_view outcome);

// Becomes readable when a stop is requested, for code that waits; -1 unless OnStop::kThrow is in
// effect.
int stop_descriptor() noexcept;

}  // namespace base
