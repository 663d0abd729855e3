// A desk that says what a test wants, over a pair of sockets for each request.
#pragma once

#include <array>
#include <functional>
#include <list>
#include <mutex>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>
#include <sys/socket.h>

#include "base/handle.h"
#include "web/desk_client.h"

namespace web {

using nlohmann::json;

class ScriptedDesk {
 public:
  using Script = std::function<std::string(const json& request)>;  // all bytes of the answer

  explicit ScriptedDesk(Script script) : script_(std::move(script)) {}
  ScriptedDesk(const ScriptedDesk&) = delete;
  ScriptedDesk& operator=(const ScriptedDesk&) = delete;
  ~ScriptedDesk() {
    for (std::thread& thread : threads_) thread.join();
  }

  DeskClient client(DeskPatience patience = {}) {
    return DeskClient([this] { return connect(); }, patience);
  }

  void set_script(Script script) {
    const std::scoped_lock lock(mutex_);
    script_ = std::move(script);
  }

  // The requests so far, in order.
  std::vector<json> requests() const {
    const std::scoped_lock lock(mutex_);
    return requests_;
  }
  // The names of the requests: "login", "me".
  std::vector<std::string> asked() const {
    std::vector<std::string> names;
    for (const json& request : requests()) names.push_back(request.value("request", ""));
    return names;
  }

 private:
  base::Fd connect() {
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
      throw std::runtime_error("socketpair");
    }
    const std::scoped_lock lock(mutex_);
    threads_.emplace_back([this, end = ends[1]] { answer(base::Fd(end)); });
    return base::Fd(ends[0]);
  }

  void answer(const base::Fd& socket) {
    std::string line;
    std::array<char, 4'096> piece{};
    while (line.find('\n') == std::string::npos) {
      const ssize_t got = ::recv(socket.get(), piece.data(), piece.size(), 0);
      if (got <= 0) return;
      line.append(piece.data(), static_cast<std::size_t>(got));
    }
    std::string bytes;
    {
      const std::scoped_lock lock(mutex_);
      requests_.push_back(json::parse(line));
      bytes = script_(requests_.back());
    }
    std::string_view rest = bytes;
    while (!rest.empty()) {
      const ssize_t sent = ::send(socket.get(), rest.data(), rest.size(), MSG_NOSIGNAL);
      if (sent <= 0) return;
      rest.remove_prefix(static_cast<std::size_t>(sent));
    }
  }

  mutable std::mutex mutex_;
  Script script_;
  std::vector<json> requests_;
  std::list<std::thread> threads_;
};

// A streamed answer of one piece.
inline std::string stream_of(const std::string& content,
                             const std::string& end = R"({"ok":true})") {
  return "{\"ok\":true,\"stream\":true}\n" + std::to_string(content.size()) + "\n" + content +
         "0\n" + end + "\n";
}

inline std::string frame(const json& head, const std::string& bytes) {
  json whole = head;
  whole["size"] = bytes.size();
  return whole.dump() + "\n" + bytes;
}

}  // namespace web
