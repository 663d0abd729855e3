// A connection of a web server: a line with a request, and its answer.
//
// An answer is one line of JSON. If that has "stream": true, pieces follow: a line with the number
// of bytes, and these bytes. A piece of 0 bytes ends them, and a last line of JSON says whether
// they are complete.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include <nlohmann/json_fwd.hpp>
#include <sys/types.h>

#include "base/handle.h"

namespace desk {

class Connection {
 public:
  // `patience`: how long the other end may take for its request, and for taking a piece of the
  // answer.
  Connection(base::Fd socket, std::chrono::milliseconds patience);

  // The line without its end, which may hold a password; nullopt if the other end takes too long,
  // closes, or sends more than `most` bytes.
  std::optional<std::string> read_line(std::size_t most);

  // All of these fail with kIo if the other end is gone or too slow.
  void answer(const nlohmann::ordered_json& document);
  void begin_stream();
  void send_piece(std::string_view bytes);  // none if it is empty
  void end_stream(const nlohmann::ordered_json& document);

  void close();  // the other end sees the end of the answer

  // From another thread: ends the waiting for a request, and a stream, also one that begins later.
  // An answer of one line is still sent.
  void cut();

  bool has_answered() const { return has_answered_; }

  // The Unix user of the other end; nullopt if the system does not know.
  std::optional<uid_t> user() const;

 private:
  void write_all(std::string_view bytes);

  std::mutex closing_;  // cut() must not reach a descriptor of something else
  base::Fd socket_;
  std::chrono::milliseconds patience_;
  bool has_answered_ = false;
  std::atomic<bool> is_stream_ = false;
  std::atomic<bool> is_cut_ = false;
};

}  // namespace desk
