#include "base/transfer_error.h"

#include <regex>

#include "base/terminal.h"

namespace base {

std::string without_measurements(std::string_view reason) {
  static const std::regex measured(
      " after [0-9]+ (ms|milliseconds)( with [0-9]+( out of -?[0-9]+)? bytes received)?|"
      " \\([0-9.]+( \\+ [0-9.]+)* secs?\\)\\.?$");
  return std::regex_replace(std::string(reason), measured, "");
}

std::string server_of_url(std::string_view url) {
  const std::size_t begin = url.find("://");
  const std::size_t from = begin == std::string_view::npos ? 0 : begin + 3;
  return escape_for_terminal(url.substr(0, url.find_first_of("/?#", from)));
}

}  // namespace base
