#include "base/server_certificate.h"

#include <algorithm>
#include <ctime>
#include <optional>
#include <string_view>
#include <utility>

#include "base/terminal.h"

namespace base {

namespace {

// The text before the first colon and the text after it.
std::pair<std::string_view, std::string_view> split_at_colon(std::string_view line) {
  const std::size_t colon = std::min(line.find(':'), line.size());
  return {line.substr(0, colon), line.substr(std::min(colon + 1, line.size()))};
}

// Returns nullopt if the text is not such a date.
std::optional<std::chrono::sys_seconds> parse_date(const std::string& text) {
  std::tm date{};
  if (::strptime(text.c_str(), "%b %d %H:%M:%S %Y GMT", &date) == nullptr) return std::nullopt;
  return std::chrono::sys_seconds(std::chrono::seconds(::timegm(&date)));
}

}  // namespace

ServerCertificate read_certificate(std::span<const std::string> lines) {
  ServerCertificate certificate;
  for (const std::string& line : lines) {
    const auto [word, value] = split_at_colon(line);
    if (word == "Subject") certificate.subject = escape_for_terminal(value);
    if (word != "Expire date") continue;
    if (const auto date = parse_date(std::string(value))) certificate.expires = *date;
  }
  return certificate;
}

std::string explain_distrust(const std::string& cause) {
  return "the certificate is not trusted: " + cause +
         ": set ca_file to the authority that signed it, and use the name it was issued for in the "
         "url";
}

}  // namespace base
