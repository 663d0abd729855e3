#include "base/config/server_config.h"

#include <algorithm>
#include <string>

#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/time_text.h"

namespace base {

namespace {

using nlohmann::json;

QuotaKind parse_quota(const std::string& word) {
  if (word == "cyrus") return QuotaKind::kCyrus;
  if (word == "dovecot") return QuotaKind::kDovecot;
  if (word == "none") return QuotaKind::kNone;
  return QuotaKind::kAuto;
}

std::optional<DiscoverConfig> parse_discover(const json& server) {
  if (!server.contains("discover")) return std::nullopt;
  const json& at = server.at("discover");
  DiscoverConfig discover;
  discover.command = at.value("command", discover.command);
  discover.file = at.value("file", std::string());
  discover.list = at.value("list", false);
  discover.include = at.value("include", discover.include);
  discover.exclude = at.value("exclude", discover.exclude);
  return discover;
}

TransferConfig parse_transfer(const json& server) {
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

}  // namespace

ServerConfig parse_server(const json& at) {
  ServerConfig server;
  server.url = at.at("url").get<std::string>();
  server.tls = at.value("tls", "required") == "none" ? TlsMode::kNone : TlsMode::kRequired;
  server.ca_file = at.value("ca_file", std::string());
  server.admin = parse_login(at, "admin");
  server.quota_admin = parse_login(at, "quota_admin");
  server.quota = parse_quota(at.value("quota", "auto"));
  server.connections = at.value("connections", server.connections);
  server.connections_per_account =
      at.value("connections_per_account", server.connections_per_account);
  server.discover = parse_discover(at);
  server.client_certificate = parse_client_certificate(at);
  server.proxy = parse_proxy(at);
  if (at.value("compress", "none") == "deflate") server.compress = Compression::kDeflate;
  server.pipeline = at.value("pipeline", server.pipeline);
  server.namespaces = at.value("namespaces", server.namespaces);
  server.transfer = parse_transfer(at);
  return server;
}

}  // namespace base
