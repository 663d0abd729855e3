#include "base/config/reporting_config.h"

#include <array>
#include <charconv>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/mail/mail_address.h"
#include "base/terminal.h"
#include "base/time_text.h"

namespace base {

namespace {

using nlohmann::json;

void check_address(const std::string& address, const std::string& pointer) {
  if (is_mail_address(address)) return;
  fail(ErrorCode::kConfig, "{}: \"{}\" is not a mail address: write it as name@example.org",
       pointer, escape_for_terminal(address));
}

std::optional<MailConfig> parse_mail(const json& document) {
  if (!document.contains("mail")) return std::nullopt;
  const json& at = document.at("mail");
  MailConfig mail;
  mail.url = at.at("url").get<std::string>();
  mail.tls = at.value("tls", "required") == "none" ? TlsMode::kNone : TlsMode::kRequired;
  mail.ca_file = at.value("ca_file", std::string());
  mail.login = parse_login(at, "login");
  mail.from = at.at("from").get<std::string>();
  mail.hello_name = at.value("hello_name", std::string());
  check_address(mail.from, "/mail/from");
  if (mail.tls == TlsMode::kNone && mail.url.starts_with("smtps:")) {
    fail(ErrorCode::kConfig, "/mail/tls: \"none\" contradicts smtps:// in /mail/url");
  }
  if (mail.login && mail.login->auth == LoginMethod::kExternal) {
    fail(ErrorCode::kConfig, "/mail/login/auth: mail supports only a password or a token");
  }
  if (!mail.hello_name.empty() && !is_host_name(mail.hello_name)) {
    fail(ErrorCode::kConfig,
         "/mail/hello_name: \"{}\" is not a host name: write it as backup.example.org",
         escape_for_terminal(mail.hello_name));
  }
  return mail;
}

ReportsConfig parse_reports(const json& document) {
  ReportsConfig reports;
  const json at = document.value("reports", json::object());
  reports.to = at.value("to", reports.to);
  if (at.value("when", "always") == "trouble") reports.when = ReportWhen::kTrouble;
  for (std::size_t index = 0; index < reports.to.size(); ++index) {
    check_address(reports.to[index], "/reports/to/" + std::to_string(index));
  }
  return reports;
}

UserMailConfig parse_user_mail(const json& document) {
  UserMailConfig user_mail;
  const json at = document.value("user_mail", json::object());
  user_mail.restored = at.value("restored", std::string());
  user_mail.reminder = at.value("reminder", std::string());
  user_mail.rescued = at.value("rescued", std::string());
  user_mail.login = at.value("login", std::string());
  user_mail.grant = at.value("grant", std::string());
  user_mail.address = at.value("address", user_mail.address);
  return user_mail;
}

HookEvent parse_event(const std::string& word) {
  if (word == "start") return HookEvent::kStart;
  return word == "success" ? HookEvent::kSuccess : HookEvent::kFailure;
}

HookConfig parse_hook(const json& at, const std::string& pointer) {
  if (at.contains("command") == at.contains("url")) {
    fail(ErrorCode::kConfig, "{}: give exactly one of command and url", pointer);
  }
  HookConfig hook;
  for (const json& word : at.value("on", json::array())) hook.on.push_back(parse_event(word));
  hook.jobs = at.value("jobs", std::vector<std::string>{"backup"});
  hook.command = at.value("command", hook.command);
  hook.url = at.value("url", std::string());
  hook.ca_file = at.value("ca_file", std::string());
  if (!hook.ca_file.empty() && !hook.url.starts_with("https://")) {
    fail(ErrorCode::kConfig, "{}/ca_file: it applies only to an https:// url", pointer);
  }
  if (at.value("method", "get") == "post") hook.method = HttpMethod::kPost;
  if (at.contains("timeout")) hook.timeout = parse_duration(at.at("timeout").get<std::string>());
  return hook;
}

MetricsConfig parse_metrics(const json& document) {
  MetricsConfig metrics;
  const json at = document.value("metrics", json::object());
  metrics.file = at.value("file", std::string());
  if (!at.contains("listen")) return metrics;
  const auto text = at.at("listen").get<std::string>();
  metrics.listen = parse_listen_address(text);
  if (!metrics.listen) {
    fail(ErrorCode::kConfig,
         "/metrics/listen: \"{}\" is not a loopback address: write it as 127.0.0.1:9810 or "
         "[::1]:9810; to serve other machines, use a proxy with access control",
         escape_for_terminal(text));
  }
  return metrics;
}

bool is_loopback(const std::string& host) {
  in_addr four{};
  if (::inet_pton(AF_INET, host.c_str(), &four) == 1) return (ntohl(four.s_addr) >> 24U) == 127;
  in6_addr six{};
  return ::inet_pton(AF_INET6, host.c_str(), &six) == 1 && IN6_IS_ADDR_LOOPBACK(&six);
}

}  // namespace

ReportingConfig parse_reporting(const json& document) {
  ReportingConfig config;
  config.mail = parse_mail(document);
  config.reports = parse_reports(document);
  config.user_mail = parse_user_mail(document);
  config.metrics = parse_metrics(document);
  for (const json& hook : document.value("hooks", json::array())) {
    config.hooks.push_back(parse_hook(hook, "/hooks/" + std::to_string(config.hooks.size())));
  }
  if (config.mail) return config;
  if (!config.reports.to.empty()) {
    fail(ErrorCode::kConfig, "/reports/to: no mail can be sent: also give mail with url and from");
  }
  const UserMailConfig& user_mail = config.user_mail;
  if (!user_mail.restored.empty() || !user_mail.reminder.empty() || !user_mail.rescued.empty() ||
      !user_mail.login.empty() || !user_mail.grant.empty()) {
    fail(ErrorCode::kConfig, "/user_mail: no mail can be sent: also give mail with url and from");
  }
  return config;
}

std::optional<ListenAddress> parse_listen_address(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string_view host = text.substr(0, colon);
  const bool is_bracketed = host.starts_with('[') && host.ends_with(']');
  if (is_bracketed) host = host.substr(1, host.size() - 2);
  if (is_bracketed != (host.find(':') != std::string_view::npos)) return std::nullopt;
  ListenAddress address{std::string(host), 0};
  const auto [end, error] =
      std::from_chars(text.data() + colon + 1, text.data() + text.size(), address.port);
  if (error != std::errc() || end != text.data() + text.size() || !is_loopback(address.host)) {
    return std::nullopt;
  }
  return address;
}

}  // namespace base
