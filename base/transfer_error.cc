#include "base/transfer_error.h"

#include <regex>

namespace base {

std::string without_measurements(std::string_view reason) {
  static const std::regex measured(
      " after [0-9]+ (ms|milliseconds)( with [0-9]+( out of -?[0-9]+)? bytes received)?|"
      " \\([0-9.]+( \\+ [0-9.]+)* secs?\\)\\.?$");
  return std::regex_replace(std::string(reason), measured, "");
}

}  // namespace base
