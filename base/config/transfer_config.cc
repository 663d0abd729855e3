#include "base/config/transfer_config.h"

#include <algorithm>
#include <string>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/time_text.h"

namespace base {

TransferConfig parse_transfer(const nlohmann::json& server) {
  TransferConfig transfer;
  const auto read = [&server](const char* key, std::chrono::seconds& duration) {
    if (server.contains(key)) duration = parse_duration(server.at(key).get<std::string>());
  };
  if (server.contains("daily_bytes")) transfer.daily_bytes = server.at("daily_bytes");
  const auto read_timeout = [&](const char* key, std::chrono::seconds& timeout) {
    read(key, timeout);
    if (timeout > std::chrono::seconds(0)) return;
    fail(ErrorCode::kConfig,
         "/servers: {}: 0 would end every command at once: leave it out for the default", key);
  };
  read_timeout("command_timeout", transfer.command_timeout);
  read_timeout("message_timeout", transfer.message_timeout);
  // One message or command that may take that long must not use up the account's time.
  transfer.account_timeout = std::max(
      {transfer.account_timeout, 2 * transfer.command_timeout, 2 * transfer.message_timeout});
  read_timeout("account_timeout", transfer.account_timeout);
  read("retry_for", transfer.retry_for);
  return transfer;
}

}  // namespace base
