// A message to be delivered to a folder.
#pragma once

#include <chrono>
#include <string>
#include <vector>

namespace servers {

struct Delivery {
  std::string bytes;
  std::vector<std::string> flags = {};  // "\Seen", "$Forwarded", ...
  std::chrono::sys_seconds internal_date = {};
};

}  // namespace servers
