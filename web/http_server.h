// HTTP/1.1 on a listening socket. All of libmicrohttpd lies behind it.
#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>

#include "base/handle.h"
#include "web/http.h"

namespace web {

struct HttpLimits {
  unsigned connections = 1'200;                 // each has a thread with a small stack
  std::size_t header = std::size_t{48} << 10U;  // bytes of a request without its body
  std::size_t body = std::size_t{1} << 20U;     // bytes
  std::size_t bodies = std::size_t{64} << 20U;  // bytes of all bodies at a time
  std::chrono::seconds idle{30};                // in which nothing is received or sent
  std::chrono::seconds upload{60};              // for a whole body
};

class HttpServer {
 public:
  using Handler = std::function<HttpAnswer(HttpRequest&)>;

  // Serves until destroyed. `handler` is called from many threads at once. Fails with kIo.
  HttpServer(base::Fd listening, const HttpLimits& limits, Handler handler);
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
