#include "tests/servers/unpacked_server.h"

#include <algorithm>
#include <cctype>
#include <cstdlib>
#include <filesystem>

#include <fmt/format.h>
#include <unistd.h>

#include "base/error.h"

namespace servers {

// The same places as in scripts/fetch_servers.
base::Path unpacked_server(std::string_view name) {
  std::string variable = "MAILSTOW_" + std::string(name);
  std::ranges::transform(variable, variable.begin(), [](unsigned char letter) {
    return static_cast<char>(std::toupper(letter));
  });
  const char* const chosen = std::getenv(variable.c_str());
  base::Path place =
      chosen != nullptr
          ? base::Path(chosen)
          : base::Path(fmt::format("/var/tmp/mailstow-tests-{}/{}", ::geteuid(), name));
  if (!std::filesystem::exists(place / "complete")) {
    base::fail(base::ErrorCode::kInternal, "start {}: {}: not found: run scripts/fetch_servers {}",
               name, place.string(), name);
  }
  return place;
}

std::string libraries_of(std::string_view name) {
  const base::Path libraries = unpacked_server(name) / "usr" / "lib";
  for (const auto& entry : std::filesystem::directory_iterator(libraries)) {
    if (entry.path().filename().string().ends_with("-linux-gnu")) {
      return entry.path().string() + ':' + libraries.string();
    }
  }
  base::fail(base::ErrorCode::kInternal, "start {}: its libraries were not found", name);
}

}  // namespace servers
