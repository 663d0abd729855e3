// The part of the configuration that says how much a server may be asked for, and how long it is
// waited for.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>

#include <nlohmann/json_fwd.hpp>

namespace base {

struct TransferConfig {
  // Of mail that a backup fetches for each account in a day of UTC; nothing: as much as there is.
  std::optional<std::uint64_t> daily_bytes;
  std::chrono::seconds message_timeout = std::chrono::minutes(30);  // for one message
  // How long a backup goes on trying, after a lost connection, while nothing new comes.
  std::chrono::seconds retry_for = std::chrono::minutes(5);
};

// Takes an object that the schema has allowed.
TransferConfig parse_transfer(const nlohmann::json& server);

}  // namespace base
