// Host and port of a server's URL.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace backupd {

struct UrlHost {
  std::string host;  // a name or an address, without brackets
  std::uint16_t port = 0;
  bool operator==(const UrlHost&) const = default;
};

// imap, imaps, smtp or smtps; the default port of the scheme if the URL has none. Returns nullopt
// for other URLs.
std::optional<UrlHost> url_host(std::string_view url);

}  // namespace backupd
