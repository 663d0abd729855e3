// Where a server's URL points.
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

// imap, imaps, smtp or smtps; the scheme's port where none is given. Nothing for other URLs.
std::optional<UrlHost> url_host(std::string_view url);

}  // namespace backupd
