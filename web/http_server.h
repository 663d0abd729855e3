// HTTP/1.1 on a listening socket. All of libmicrohttpd lies behind it.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>

#include "base/handle.h"
#include "web/http.h"

namespace web {

struct HttpLimits {
  unsigned connections = 1'200;                 // each has a thread with a small stack
  std::size_t header = std::size_t{48} << 10U;  // bytes of a request without its body
  std::size_t body = std::size_t{1} << 20U;     // bytes
  std::size_t bodies = std::size_t{64} << 20U;  // bytes of all bodies at a time
  // In which nothing is received or sent. The time in which an answer is made does not count.
  std::chrono::seconds idle{30};
  std::chrono::seconds upload{60};  // for a whole body
};

class HttpServer {
 public:
  using Handler = std::function<HttpAnswer(HttpRequest&)>;
  // Decides by the head of a request with a body, before that is read, how many bytes it may have:
  // `announced`, if the client says it. May give the request its place. Refuses with a Problem.
  using Admit = std::function<std::uint64_t(HttpRequest&, std::optional<std::uint64_t> announced)>;

  // Serves until destroyed. `handler` and `admit` are called from many threads at once. Without
  // `admit` every body may have HttpLimits::body. Fails with kIo.
  HttpServer(base::Fd listening, const HttpLimits& limits, Handler handler, Admit admit = {});
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;
  // Ends all connections, and waits for the handlers that run.
  ~HttpServer();

  // Accepts no further connections; returns whether all have ended in time.
  bool end(std::chrono::milliseconds patience);

 private:
  struct Daemon;
  std::unique_ptr<Daemon> daemon_;
};

}  // namespace web
