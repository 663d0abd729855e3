#include "web/random_id.h"

#include <array>
#include <cerrno>

#include <sys/random.h>

#include "base/bytes.h"
#include "base/error.h"

namespace web {

std::string random_id() {
  std::array<std::byte, 16> bytes{};
  // The kernel gives up to 256 bytes at once.
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    base::fail_with_errno(errno, "get random bytes");
  }
  return base::to_hex(bytes);
}

}  // namespace web
