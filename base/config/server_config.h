// The part of the configuration about mail servers: how to reach them and to log in, how to find
// their accounts, how much to fetch, and how long to wait.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "base/config/login_config.h"
#include "base/file_system.h"
#include "base/mail/server_access.h"

namespace base {

// How a server is made to exempt restored trees from the quota, or proves that they don't count.
enum class QuotaKind { kAuto, kCyrus, kDovecot, kNone };

// How a server's accounts are found: exactly one of the first three.
struct DiscoverConfig {
  std::vector<std::string> command;  // prints one user per line
  Path file;                         // lists one user per line
  bool list = false;                 // Cyrus: the administrator's LIST
  std::vector<std::string> include;  // globs over users; empty: all
  std::vector<std::string> exclude;
};

// Limits: how much to fetch from a server, and how long to wait for it.
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

struct ServerConfig {
  std::string url;
  TlsMode tls = TlsMode::kRequired;
  Path ca_file;  // empty: the system's
  std::optional<LoginConfig> admin;
  std::optional<LoginConfig> quota_admin;
  QuotaKind quota = QuotaKind::kAuto;
  unsigned connections = 4;              // of a backup, at the same time
  unsigned connections_per_account = 2;  // of those
  std::optional<DiscoverConfig> discover;
  std::optional<ClientCertificateConfig> client_certificate;
  std::optional<ProxyConfig> proxy;           // nullopt: the one that the environment names, if any
  Compression compress = Compression::kNone;  // of the connection (RFC 4978)
  bool pipeline = true;                       // false: commands are sent one at a time
  std::vector<std::string> namespaces;  // prefixes of personal ones besides those that it names
  TransferConfig transfer;
};

// Takes an object that the schema has accepted.
ServerConfig parse_server(const nlohmann::json& at);

}  // namespace base
