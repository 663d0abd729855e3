// The web server's side of the desk's protocol (docs/desk-protocol.md).
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>

#include "base/file_system.h"
#include "base/handle.h"

namespace web {

// How long the desk may take, at most, between two pieces of an answer.
struct DeskPatience {
  std::chrono::milliseconds answer = std::chrono::minutes(3);
  std::chrono::milliseconds stream = std::chrono::minutes(10);
};

// The bytes of a streamed answer.
class DeskStream {
 public:
  DeskStream(base::Fd socket, std::string received, std::chrono::milliseconds patience);

  // The next bytes, empty at the end. Fails with a Problem if the stream breaks off, or if the desk
  // says at its end that it is incomplete.
  std::string read();

 private:
  bool receive();  // false at the end
  std::string take_line();

  base::Fd socket_;
  std::string received_;
  std::chrono::milliseconds patience_;
  std::uint64_t left_ = 0;  // of the present piece
  bool is_over_ = false;
};

// Thread-safe: each request has a connection of its own.
class DeskClient {
 public:
  using Connect = std::function<base::Fd()>;  // an invalid descriptor: the desk does not listen

  explicit DeskClient(Connect connect, DeskPatience patience = {});

  // The desk's answer, an object with "ok": true. Fails with a Problem.
  nlohmann::ordered_json ask(const nlohmann::ordered_json& request) const;

  // The same for an answer that is a stream.
  DeskStream open_stream(const nlohmann::ordered_json& request) const;

 private:
  base::Fd send(const nlohmann::ordered_json& request) const;

  Connect connect_;
  DeskPatience patience_;
};

// Connects to a Unix socket.
DeskClient::Connect connect_to(const base::Path& socket);

}  // namespace web
