// Messages that were opened a moment ago: a message is fetched once for its text, its view and its
// attachments, since the desk counts and logs each opening.
#pragma once

#include <chrono>
#include <cstdint>
#include <list>
#include <memory>
#include <mutex>
#include <string>

#include "base/handle.h"

namespace web {

// A message in a file in memory.
struct ShelvedMessage {
  base::Fd file;
  std::uint64_t size = 0;
  std::shared_ptr<void> memory = {};  // for the file
};

// Thread-safe.
class Shelf {
 public:
  static constexpr std::chrono::minutes kStays{2};
  static constexpr std::uint64_t kMaxBytes = std::uint64_t{64} << 20U;  // of all messages

  struct Place {
    std::string token;  // of the session
    std::string account;
    std::string message;
    bool operator==(const Place&) const = default;
  };

  // Nullptr: it is not there.
  std::shared_ptr<const ShelvedMessage> find(const Place& place);

  // The oldest ones make room.
  void add(const Place& place, std::shared_ptr<const ShelvedMessage> message);

  void forget_old(std::chrono::steady_clock::time_point now = std::chrono::steady_clock::now());
  void remove(const std::string& token);
  void remove_account(const std::string& account);

 private:
  struct Entry {
    Place place;
    std::shared_ptr<const ShelvedMessage> message;
    std::chrono::steady_clock::time_point until;
  };

  void forget_old_locked(std::chrono::steady_clock::time_point now);

  std::mutex mutex_;
  std::list<Entry> entries_;  // the oldest first
};

}  // namespace web
