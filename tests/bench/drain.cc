#include "tests/bench/drain.h"

#include <algorithm>
#include <chrono>
#include <memory>
#include <stdexcept>

#include <fmt/core.h>

#include "base/bytes.h"
#include "imap/curl_transport.h"
#include "tests/bench/bench_store.h"

namespace bench {

namespace {

constexpr std::chrono::seconds kPatience{60};
constexpr std::size_t kBuffer = 256U << 10U;

class Client {
 public:
  explicit Client(std::unique_ptr<imap::Transport> transport) : transport_(std::move(transport)) {}

  // Reads up to the last line of the response; returns its size in bytes.
  std::uint64_t ask(const std::string& command) {
    const std::string tag = fmt::format("d{} ", ++number_);
    send(tag + command + "\r\n");
    const std::string last_line = "\r\n" + tag + "OK";
    std::uint64_t bytes = 0;
    std::string tail = "\r\n";  // bytes that the last line may begin in
    while (true) {
      const std::size_t received = receive();
      bytes += received;
      constexpr std::size_t kMaxLine = 1'000;
      tail.append(buffer_.data() + received - std::min(received, kMaxLine),
                  std::min(received, kMaxLine));
      if (tail.ends_with("\r\n") && tail.find(last_line) != std::string::npos) return bytes;
      if (tail.size() > kMaxLine) tail.erase(0, tail.size() - kMaxLine);
    }
  }

 private:
  void send(std::string_view text) {
    while (!text.empty()) {
      const std::size_t taken = transport_->send(base::as_bytes(text));
      text.remove_prefix(taken);
      if (taken == 0) transport_->wait(true, kPatience);
    }
  }

  std::size_t receive() {
    while (true) {
      const std::size_t received = transport_->receive(std::as_writable_bytes(std::span(buffer_)));
      if (received > 0) return received;
      if (!transport_->wait(false, kPatience)) throw std::runtime_error("drain: no answer");
    }
  }

  std::unique_ptr<imap::Transport> transport_;
  std::string buffer_ = std::string(kBuffer, '\0');
  unsigned number_ = 0;
};

}  // namespace

Drained drain(const imap::Endpoint& endpoint, const imap::Login& login,
              const std::vector<std::string>& folders) {
  Client client(imap::connect_with_curl(endpoint, login));
  const Stopwatch watch;
  Drained drained;
  for (const std::string& folder : folders) {
    client.ask(fmt::format("EXAMINE \"{}\"", folder));
    drained.bytes += client.ask("UID FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[])");
  }
  drained.seconds = watch.seconds();
  return drained;
}

}  // namespace bench
