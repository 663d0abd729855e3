// A client of the page over its Unix socket: each request as a reverse proxy sends it.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>

#include <nlohmann/json.hpp>

#include "base/ascii.h"
#include "base/file_system.h"
#include "tests/unix_socket.h"

namespace web {

using nlohmann::json;

struct WebAnswer {
  int status = 0;                                   // 0: there was no answer
  std::map<std::string, std::string> headers = {};  // names in lower case
  std::string body = {};

  json document() const { return json::parse(body, nullptr, false); }
  std::string code() const {
    const json problem = document();
    return problem.is_object() ? problem.value("code", "") : "";
  }
};

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

// The header fields that our own page sends with a change.
inline constexpr const char* kOwnPage =
    "Sec-Fetch-Site: same-origin\r\nX-Mailstow: 1\r\nContent-Type: application/json\r\n";

// Keeps the cookie, as a browser does.
class WebClient {
 public:
  // `person`: whom a single sign-on proxy names; empty: there is no such proxy.
  explicit WebClient(base::Path socket, std::string person = {})
      : socket_(std::move(socket)), person_(std::move(person)) {}

  WebAnswer get(const std::string& path, const std::string& headers = "") {
    return send("GET", path, headers, "");
  }

  WebAnswer change(const std::string& method, const std::string& path,
                   const json& body = json::object(), const std::string& headers = "") {
    return send(method, path, kOwnPage + headers, body.dump());
  }

  WebAnswer log_in(const std::string& user, const std::string& password) {
    return change("POST", "/api/v1/session", {{"user", user}, {"password", password}});
  }

  // `headers`: whole lines.
  WebAnswer send(const std::string& method, const std::string& path, const std::string& headers,
                 const std::string& body) {
    const std::string bytes = request(method, path, headers + "Connection: close\r\n", body);
    WebAnswer answer = parse_web_answer(tests::exchange(socket_, bytes));
    const auto set = answer.headers.find("set-cookie");
    if (set != answer.headers.end()) cookie_ = set->second.substr(0, set->second.find(';'));
    return answer;
  }

  // The bytes of a request, for a connection of the test's own.
  std::string request(const std::string& method, const std::string& path,
                      const std::string& headers, const std::string& body) const {
    std::string bytes = method + " " + path +
                        " HTTP/1.1\r\nHost: restore.example.org\r\nX-Real-IP: " + address_ +
                        "\r\n" + headers;
    if (!person_.empty()) bytes += "Remote-User: " + person_ + "\r\n";
    if (!cookie_.empty()) bytes += "Cookie: " + cookie_ + "\r\n";
    if (!body.empty()) bytes += "Content-Length: " + std::to_string(body.size()) + "\r\n";
    return bytes + "\r\n" + body;
  }

  const base::Path& socket() const { return socket_; }
  const std::string& cookie() const { return cookie_; }
  void set_cookie(const std::string& cookie) { cookie_ = cookie; }
  void set_address(const std::string& address) { address_ = address; }  // of the person's machine

 private:
  base::Path socket_;
  std::string person_;
  std::string address_ = "192.0.2.7";
  std::string cookie_;
};

}  // namespace web
