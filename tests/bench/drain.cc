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

  // Sends the commands without waiting for a response.
  void start(const std::vector<std::string>& commands) {
    std::string text;
    for (const std::string& command : commands) {
      text += fmt::format("d{} {}\r\n", ++number_, command);
    }
    send(text);
  }

  // Reads up to the last line of the response to the n-th command, counted from 1, or further;
  // returns the number of bytes read.
  std::uint64_t finish(unsigned number) {
    const std::string last_line = fmt::format("\r\nd{} OK", number);
    std::uint64_t bytes = 0;
    std::size_t at = 0;
    while ((at = pending_.find(last_line)) == std::string::npos) {
      // The line may have begun.
      pending_.erase(0, pending_.size() - std::min(pending_.size(), last_line.size()));
      const std::size_t received = receive();
      bytes += received;
      pending_.append(buffer_.data(), received);
    }
    pending_.erase(0, at);
    return bytes;
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
  std::string pending_ = "\r\n";  // read by finish(), of later commands
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

Drained drain_pipelined(const imap::Endpoint& endpoint, const imap::Login& login,
                        const std::vector<std::string>& folders) {
  // Two batches are under way at any time, so that the server never waits for a command.
  constexpr std::size_t kBatch = 50;
  Client client(imap::connect_with_curl(endpoint, login));
  const Stopwatch watch;
  Drained drained;
  std::size_t started = 0;
  const auto start = [&] {
    std::vector<std::string> commands;
    for (std::size_t i = 0; i < kBatch && started < folders.size(); ++i, ++started) {
      commands.push_back(fmt::format("EXAMINE \"{}\"", folders[started]));
      commands.emplace_back("UID FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[])");
    }
    client.start(commands);
  };
  start();
  for (std::size_t finished = 0; finished < folders.size();) {
    const std::size_t batch_end = std::min(finished + kBatch, folders.size());
    start();
    drained.bytes += client.finish(static_cast<unsigned>(2 * batch_end));
    finished = batch_end;
  }
  drained.seconds = watch.seconds();
  return drained;
}

}  // namespace bench
