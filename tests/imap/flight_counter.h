// Counts how often a client waited for its server before it sent more.
#pragma once

#include <chrono>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "imap/transport.h"

namespace imap {

class FlightCounter : public Transport {
 public:
  // `flights` counts the sends that follow a receive, and the very first one.
  FlightCounter(std::unique_ptr<Transport> transport, int& flights)
      : transport_(std::move(transport)), flights_(flights) {}

  std::size_t send(base::ByteView bytes) override {
    const std::size_t sent = transport_->send(bytes);
    if (sent > 0 && std::exchange(has_answered_, false)) ++flights_;
    return sent;
  }
  std::size_t receive(std::span<std::byte> buffer) override {
    const std::size_t received = transport_->receive(buffer);
    has_answered_ |= received > 0;
    return received;
  }
  bool wait(bool to_send, std::chrono::milliseconds timeout) override {
    return transport_->wait(to_send, timeout);
  }
  std::vector<std::string> announced() const override { return transport_->announced(); }

 private:
  std::unique_ptr<Transport> transport_;
  int& flights_;
  bool has_answered_ = true;
};

}  // namespace imap
