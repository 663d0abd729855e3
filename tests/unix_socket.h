// The client's side of a Unix socket.
#pragma once

#include <array>
#include <cstring>
#include <stdexcept>
#include <string>
#include <utility>

#include <sys/socket.h>
#include <sys/un.h>

#include "base/file_system.h"
#include "base/handle.h"

namespace tests {

// An empty descriptor if no program listens there.
inline base::Fd connect_to_socket(const base::Path& socket) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = socket.string();
  if (path.size() >= sizeof address.sun_path) throw std::runtime_error("path too long");
  std::memcpy(address.sun_path, path.data(), path.size());
  base::Fd connection(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int connected =
      ::connect(connection.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
  return connected == 0 ? std::move(connection) : base::Fd();
}

// As many bytes as the other end takes.
inline void send_to(const base::Fd& connection, const std::string& bytes) {
  static_cast<void>(::send(connection.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL));
}

// Everything until the other end closes the connection.
inline std::string read_to_end(const base::Fd& connection) {
  std::string answer;
  std::array<char, 65'536> piece{};
  for (ssize_t got = 0; (got = ::recv(connection.get(), piece.data(), piece.size(), 0)) > 0;) {
    answer.append(piece.data(), static_cast<std::size_t>(got));
  }
  return answer;
}

// Sends the bytes over a connection of its own, and returns the whole answer.
inline std::string exchange(const base::Path& socket, const std::string& bytes) {
  const base::Fd connection = connect_to_socket(socket);
  if (!connection) throw std::runtime_error("no program listens on " + socket.string());
  send_to(connection, bytes);
  return read_to_end(connection);
}

}  // namespace tests
