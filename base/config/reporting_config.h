// The part of the configuration that says who is told what, and how.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "base/config/login_config.h"
#include "base/file_system.h"

namespace base {

// Where mail is handed over: a mail server of this machine, or one that takes submissions.
struct MailConfig {
  std::string url;  // smtp://host[:port], with STARTTLS unless `tls` is kNone, or smtps://
  TlsConfig tls = TlsConfig::kRequired;
  Path ca_file;  // empty: the system's
  std::optional<LoginConfig> login;
  std::string from;        // an address
  std::string hello_name;  // of EHLO and Message-ID; empty: the host's full name (mail_hello_name)
};

enum class ReportWhen { kAlways, kTrouble };

// To the administrator.
struct ReportsConfig {
  std::vector<std::string> to;  // addresses; empty: nobody
  ReportWhen when = ReportWhen::kAlways;
};

// To the users. Templates: docs/man/mailstow.json.5, "user_mail".
struct UserMailConfig {
  Path restored;                      // empty: nothing is sent after a restore
  Path reminder;                      // empty: nor a day before a tree expires
  std::string address = "{account}";  // of an account without one of its own
};

enum class HookEvent { kStart, kSuccess, kFailure };

enum class HttpMethod { kGet, kPost };

// What is run, or asked for, when a job starts or ends: either `command` or `url`.
struct HookConfig {
  std::vector<HookEvent> on;      // empty: at each
  std::vector<std::string> jobs;  // backup, prune, check, sweep, drill
  std::vector<std::string> command;
  std::string url;  // http:// or https://
  Path ca_file;     // of https://; empty: the system's
  HttpMethod method = HttpMethod::kGet;
  std::chrono::seconds timeout{30};
};

// An IP address of this machine alone.
struct ListenAddress {
  std::string host;  // 127.0.0.1, ::1
  std::uint16_t port = 0;
  bool operator==(const ListenAddress&) const = default;
};

struct MetricsConfig {
  Path file;                            // empty: none
  std::optional<ListenAddress> listen;  // nothing: the daemon serves none
};

struct ReportingConfig {
  std::optional<MailConfig> mail;
  ReportsConfig reports;
  UserMailConfig user_mail;
  std::vector<HookConfig> hooks;
  MetricsConfig metrics;
};

// Of a document that the schema has allowed. Fails with kConfig, naming the place.
ReportingConfig parse_reporting(const nlohmann::json& document);

// "127.0.0.1:9810", "[::1]:9810"; nothing for other machines' addresses, names and rubbish.
std::optional<ListenAddress> parse_listen_address(std::string_view text);

}  // namespace base
