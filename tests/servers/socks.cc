#include "tests/servers/socks.h"

#include <string_view>

#include <sys/socket.h>

namespace servers {

namespace {

using std::string_view_literals::operator""sv;

constexpr char kVersion = 5;
constexpr char kByPassword = 2;
constexpr char kConnect = 1;
constexpr char kIpv4 = 1;
constexpr char kName = 3;
constexpr char kIpv6 = 4;

class SocksClient {
 public:
  explicit SocksClient(int fd) : fd_(fd) {}

  std::string hear(std::size_t length) const {
    std::string bytes(length, 0);
    const ssize_t received = ::recv(fd_, bytes.data(), length, MSG_WAITALL);
    bytes.resize(received > 0 ? static_cast<std::size_t>(received) : 0);
    return bytes;
  }
  char hear_byte() const {
    const std::string byte = hear(1);
    return byte.empty() ? '\0' : byte.front();
  }
  // Reads a text preceded by its length.
  std::string hear_text() const { return hear(static_cast<unsigned char>(hear_byte())); }
  void say(std::string_view bytes) const { ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL); }

 private:
  int fd_;
};

bool has_logged_in(const SocksClient& client) {
  if (client.hear_byte() != kVersion) return false;
  if (client.hear_text().find(kByPassword) == std::string::npos) return false;
  client.say("\5\2"sv);
  client.hear_byte();  // the version of RFC 1929
  const std::string user = client.hear_text();
  const std::string password = client.hear_text();
  const bool is_right = user == kSocksUser && password == kSocksPassword;
  client.say(is_right ? "\1\0"sv : "\1\1"sv);
  return is_right;
}

}  // namespace

std::optional<SocksRequest> accept_socks_request(int fd) {
  const SocksClient client(fd);
  if (!has_logged_in(client)) return std::nullopt;
  const std::string head = client.hear(3);
  if (head.size() != 3 || head[0] != kVersion || head[1] != kConnect) return std::nullopt;
  SocksRequest request;
  switch (client.hear_byte()) {
    case kName:
      request.host = client.hear_text();
      break;
    case kIpv4:
      client.hear(4);
      break;
    case kIpv6:
      client.hear(16);
      break;
    default:
      return std::nullopt;
  }
  const auto high = static_cast<unsigned char>(client.hear_byte());
  const auto low = static_cast<unsigned char>(client.hear_byte());
  request.port = static_cast<std::uint16_t>(high << 8U | low);
  client.say("\5\0\0\1\0\0\0\0\0\0"sv);
  return request;
}

}  // namespace servers
