// An HTTP server that answers as a test wants, for what real servers won't do on command: by a
// script, or by a function.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "base/handle.h"

namespace servers {

struct ReceivedRequest {
  std::string line;                            // "GET /bucket/key HTTP/1.1"
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
};

// As it goes over the connection, which is then closed or kept.
struct RawAnswer {
  std::string bytes;
  bool closes = false;
};

// Called on the server's thread, one request after the other; must not throw. Nullopt: the
// connection breaks without an answer.
using Answerer = std::function<std::optional<RawAnswer>(const ReceivedRequest& request)>;

class ScriptedHttp {
 public:
  ScriptedHttp();
  explicit ScriptedHttp(Answerer answerer);  // in the place of the script; keeps no requests
  ScriptedHttp(const ScriptedHttp&) = delete;
  ScriptedHttp& operator=(const ScriptedHttp&) = delete;
  ~ScriptedHttp();

  std::string url() const;  // http://127.0.0.1:PORT

  // Answers the next request with these bytes. A request for which no answer is left breaks the
  // connection.
  void answer_raw(std::string bytes);
  void answer(const std::string& status, const std::vector<std::string>& headers = {},
              const std::string& body = {});

  // The same, and closes the connection.
  void answer_and_close(std::string bytes);

  std::vector<ReceivedRequest> requests() const;
  unsigned connections() const;  // that were made
  unsigned closings() const;     // of connections, by either side
  std::size_t answers_left() const;

 private:
  struct Connection {
    base::Fd socket;
    std::string received;
    bool has_been_told_to_go_on = false;
  };

  void serve();
  bool take_bytes(Connection& connection);
  bool answer_requests(Connection& connection);
  std::optional<RawAnswer> answer_to(ReceivedRequest request);

  const Answerer answerer_;
  base::Fd listener_;
  std::uint16_t port_ = 0;
  mutable std::mutex mutex_;
  std::deque<RawAnswer> answers_;
  std::vector<ReceivedRequest> requests_;
  unsigned connections_ = 0;
  unsigned closings_ = 0;
  bool is_stopping_ = false;
  std::thread thread_;
};

}  // namespace servers
