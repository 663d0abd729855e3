// A program that is asked to end, by SIGTERM or SIGINT, ends where nothing is lost by it.
#pragma once

#include <stdexcept>
#include <string_view>

namespace base {

// Work was left because somebody asked for it. No Error: nothing went wrong, so what handles errors
// has nothing to do with it.
class Stopped : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

// What becomes of who waits, for a server or for time, when the program is asked to end.
enum class Waits {
  kEnd,   // it fails with Stopped: for work that may be left anywhere
  kGoOn,  // for work that is left between steps alone
};

// From now on SIGTERM and SIGINT only ask. A second SIGINT ends the program at once: somebody does
// not want to wait.
void stop_on_request(Waits waits);

bool is_stop_requested() noexcept;

// Throws Stopped, with what is done (of `work`: "prune") and what becomes of it, if somebody asked.
void stop_if_requested(std::string_view work, std::string_view outcome);

// Readable from the moment at which somebody asked, for whoever waits; -1 where waits go on.
int stop_descriptor() noexcept;

}  // namespace base
