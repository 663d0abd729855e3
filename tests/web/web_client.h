// A client of the page over its Unix socket: each request as a reverse proxy sends it.
#pragma once

#include <array>
#include <cstring>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

#include <nlohmann/json.hpp>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include "base/ascii.h"
#include "base/file_system.h"
#include "base/handle.h"

namespace web {

using nlohmann::json;

struct WebAnswer {
  int status = 0;                                   // 0: there was no answer
  std::map<std::string, std::string> headers = {};  // names in lower case
  std::string body = {};

  json document() const { return json::parse(body, nullptr, false); }
  std::string code() const { return document().value("code", ""); }
};

inline base::Fd connect_to_page(const base::Path& socket) {
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

// Everything until the server closes the connection.
inline std::string read_to_end(const base::Fd& connection) {
  std::string answer;
  std::array<char, 65'536> piece{};
  for (ssize_t got = 0; (got = ::recv(connection.get(), piece.data(), piece.size(), 0)) > 0;) {
    answer.append(piece.data(), static_cast<std::size_t>(got));
  }
  return answer;
}

inline std::string exchange_with_page(const base::Path& socket, const std::string& bytes) {
  const base::Fd connection = connect_to_page(socket);
  if (!connection) throw std::runtime_error("the page does not listen");
  static_cast<void>(::send(connection.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL));
  return read_to_end(connection);
}

inline std::string unchunked(std::string_view body) {
  std::string plain;
  for (;;) {
    const std::size_t end = body.find("\r\n");
    if (end == std::string_view::npos) return plain + "<broken off>";
    const std::size_t size = std::stoul(std::string(body.substr(0, end)), nullptr, 16);
    if (size == 0) return plain;
    body.remove_prefix(end + 2);
    plain += body.substr(0, size);
    if (body.size() < size + 2) return plain + "<broken off>";
    body.remove_prefix(size + 2);
  }
}

inline WebAnswer parse_web_answer(const std::string& bytes) {
  WebAnswer answer;
  const std::size_t head_end = bytes.find("\r\n\r\n");
  if (!bytes.starts_with("HTTP/1.1 ") || head_end == std::string::npos) return answer;
  answer.status = std::stoi(bytes.substr(9));
  std::string_view head(bytes.data(), head_end);
  while (head.find("\r\n") != std::string_view::npos) {
    head.remove_prefix(head.find("\r\n") + 2);
    const std::string_view line = head.substr(0, head.find("\r\n"));
    const std::size_t colon = line.find(": ");
    if (colon == std::string_view::npos) continue;
    answer.headers[base::lowered(line.substr(0, colon))] = line.substr(colon + 2);
  }
  answer.body = bytes.substr(head_end + 4);
  if (answer.headers.contains("transfer-encoding")) answer.body = unchunked(answer.body);
  return answer;
}

// Keeps the cookie, as a browser does.
class WebClient {
 public:
  explicit WebClient(base::Path socket) : socket_(std::move(socket)) {}

  WebAnswer get(const std::string& path) { return send("GET", path, "", ""); }

  // As our own page sends a change.
  WebAnswer change(const std::string& method, const std::string& path,
                   const json& body = json::object(), const std::string& headers = "") {
    return send(
        method, path,
        "Sec-Fetch-Site: same-origin\r\nX-Mailstow: 1\r\nContent-Type: application/json\r\n" +
            headers,
        body.dump());
  }

  WebAnswer log_in(const std::string& user, const std::string& password) {
    return change("POST", "/api/v1/session", {{"user", user}, {"password", password}});
  }

  std::string cookie() const { return cookie_; }
  void set_cookie(const std::string& cookie) { cookie_ = cookie; }

 private:
  WebAnswer send(const std::string& method, const std::string& path, const std::string& headers,
                 const std::string& body) {
    std::string bytes = method + " " + path +
                        " HTTP/1.1\r\nHost: restore.example.org\r\nX-Real-IP: 192.0.2.7\r\n"
                        "Connection: close\r\n" +
                        headers;
    if (!cookie_.empty()) bytes += "Cookie: " + cookie_ + "\r\n";
    if (!body.empty()) bytes += "Content-Length: " + std::to_string(body.size()) + "\r\n";
    WebAnswer answer = parse_web_answer(exchange_with_page(socket_, bytes + "\r\n" + body));
    const auto set = answer.headers.find("set-cookie");
    if (set != answer.headers.end()) cookie_ = set->second.substr(0, set->second.find(';'));
    return answer;
  }

  base::Path socket_;
  std::string cookie_;
};

}  // namespace web
