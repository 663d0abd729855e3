// The part of the configuration about reporting: mail, hooks and metrics.
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

// The server that mail is submitted to: one on this machine, or another that accepts submissions.
struct MailConfig {
  std::string url;  // smtp://host[:port], with STARTTLS unless `tls` is kNone, or smtps://
  TlsMode tls = TlsMode::kRequired;
  Path ca_file;  // empty: the system's
  std::optional<LoginConfig> login;
  std::string from;        // an address
  std::string hello_name;  // for EHLO and Message-ID; empty: the host's full name (mail_hello_name)
};

enum class ReportWhen { kAlways, kTrouble };

// Mail to the administrator.
struct ReportsConfig {
  std::vector<std::string> to;  // addresses; empty: no mail is sent
  ReportWhen when = ReportWhen::kAlways;
};

// Mail to the users. Templates: docs/man/mailstow.json.5, "user_mail".
struct UserMailConfig {
  Path restored;  // empty: nothing is sent after a restore
  Path reminder;  // empty: nothing is sent a day before a tree expires
  Path rescued;   // empty: nothing is sent when a sweep rescued mail from a tree
  Path login;     // empty: nothing is sent after a login at the restore page
  Path grant;     // empty: nothing is sent when one of the staff may no longer look into the mail
  std::string address = "{account}";  // for an account without its own address
};

enum class HookEvent { kStart, kSuccess, kFailure };

enum class HttpMethod { kGet, kPost };

// A command to run, or a URL to request, when a job starts or ends: either `command` or `url`.
struct HookConfig {
  std::vector<HookEvent> on;      // empty: all
  std::vector<std::string> jobs;  // backup, prune, check, sweep, drill, copy
  std::vector<std::string> command;
  std::string url;  // http:// or https://
  Path ca_file;     // for https://; empty: the system's
  HttpMethod method = HttpMethod::kGet;
  std::chrono::seconds timeout{30};
};

// A loopback IP address.
struct ListenAddress {
  std::string host;  // 127.0.0.1, ::1
  std::uint16_t port = 0;
  bool operator==(const ListenAddress&) const = default;
};

struct MetricsConfig {
  Path file;                            // empty: none
  std::optional<ListenAddress> listen;  // nullopt: the daemon serves none
};

struct ReportingConfig {
  std::optional<MailConfig> mail;
  ReportsConfig reports;
  UserMailConfig user_mail;
  std::vector<HookConfig> hooks;
  MetricsConfig metrics;
};

// Takes a document that the schema has accepted. Fails with kConfig, naming the position in it.
ReportingConfig parse_reporting(const nlohmann::json& document);

// "127.0.0.1:9810", "[::1]:9810"; nullopt for other machines' addresses, host names and invalid
// text.
std::optional<ListenAddress> parse_listen_address(std::string_view text);

}  // namespace base
