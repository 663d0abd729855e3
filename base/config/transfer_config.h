// The part of the configuration about limits: how much to fetch from a server, and how long to wait
// for it.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include <nlohmann/json_fwd.hpp>

namespace base {

struct TransferConfig {
  // Bytes of mail that a backup fetches for each account in a UTC day; nullopt: no limit.
  std::optional<std::uint64_t> daily_bytes;
  // How long a command waits while nothing that it requested arrives.
  std::chrono::seconds command_timeout = std::chrono::minutes(30);
  std::chrono::seconds message_timeout = std::chrono::minutes(30);  // for one message
  // How long a backup waits for the server in one account while too little arrives
  // (imap/wait_budget.h). If the configuration does not say it, at least twice the others.
  std::chrono::seconds account_timeout = std::chrono::hours(4);
  // How long a backup keeps trying, after a lost connection, while nothing new arrives.
  std::chrono::seconds retry_for = std::chrono::minutes(5);
};

// Takes an object that the schema has accepted.
TransferConfig parse_transfer(const nlohmann::json& server);

}  // namespace base
