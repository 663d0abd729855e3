#include "backupd/doctor/url_host.h"

#include <array>
#include <charconv>
#include <utility>

namespace backupd {

namespace {

constexpr std::array<std::pair<std::string_view, std::uint16_t>, 4> kSchemes = {
    {{"imap", 143}, {"imaps", 993}, {"smtp", 25}, {"smtps", 465}}};

}  // namespace

std::optional<UrlHost> url_host(std::string_view url) {
  UrlHost result;
  const std::size_t scheme_end = url.find("://");
  for (const auto& [scheme, port] : kSchemes) {
    if (url.substr(0, scheme_end) == scheme) result.port = port;
  }
  if (result.port == 0) return std::nullopt;
  std::string_view rest = url.substr(scheme_end + 3);
  rest = rest.substr(0, rest.find('/'));
  std::string_view port;
  if (rest.starts_with('[')) {
    const std::size_t bracket = rest.find(']');
    if (bracket == std::string_view::npos) return std::nullopt;
    result.host = rest.substr(1, bracket - 1);
    port = rest.substr(bracket + 1);
  } else {
    result.host = rest.substr(0, rest.find(':'));
    port = rest.substr(result.host.size());
  }
  if (!port.empty()) {
    const char* const end = port.data() + port.size();
    const auto [stop, error] = std::from_chars(port.data() + 1, end, result.port);
    if (port.front() != ':' || error != std::errc() || stop != end) return std::nullopt;
  }
  return result.host.empty() ? std::nullopt : std::optional(result);
}

}  // namespace backupd
