#include "tests/servers/mail_server.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <thread>

#include <unistd.h>

#include "tests/servers/ports.h"

namespace servers {

namespace {

using nlohmann::json;

const char* word(MailTls tls) {
  switch (tls) {
    case MailTls::kStartTls:
      return "starttls";
    case MailTls::kFromTheFirstByte:
      return "tls";
    case MailTls::kNone:
      return "none";
  }
  return "none";
}

}  // namespace

MailServer::MailServer(const MailServerOptions& options)
    : options_(options),
      certificates_(make_certificates(directory_.path())),
      process_(command(), {"PATH=/usr/bin:/bin"}, {::getuid(), ::getgid()},
               directory_.path() / "log") {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (port_ == 0) {
    std::string first;
    std::ifstream(directory_.path() / "log") >> first >> port_;
    if (!process_.is_running() || std::chrono::steady_clock::now() > deadline) {
      throw std::runtime_error("the mail server did not start: is python3-aiosmtpd installed? " +
                               first);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

std::vector<std::string> MailServer::command() const {
  // Needs Debian's python3-aiosmtpd, so it must be the system's Python.
  std::vector<std::string> command = {"/usr/bin/python3",
                                      "-B",
                                      std::string(MAILSTOW_SERVERS_DIRECTORY) + "/mail_server.py",
                                      directory_.path().string(),
                                      word(options_.tls),
                                      certificates_.certificate.string(),
                                      certificates_.key.string()};
  if (!options_.password.empty()) command.push_back(options_.password);
  return command;
}

std::string MailServer::url() const {
  const char* const scheme = options_.tls == MailTls::kFromTheFirstByte ? "smtps" : "smtp";
  return std::string(scheme) + "://" + kHost + ":" + std::to_string(port_);
}

json MailServer::config() const {
  json config = {
      {"url", url()}, {"from", "backup@example.org"}, {"hello_name", "backup.example.org"}};
  if (options_.tls == MailTls::kNone) {
    config["tls"] = "none";
  } else {
    config["ca_file"] = ca_file().string();
  }
  if (!options_.password.empty()) {
    const base::Path file = directory_.path() / "password";
    std::ofstream(file) << options_.password << "\n";
    config["login"] = {{"user", "mailstow"}, {"password_file", file.string()}};
  }
  return config;
}

std::vector<json> MailServer::mail() const {
  std::vector<base::Path> names;
  for (const auto& entry : std::filesystem::directory_iterator(directory_.path())) {
    if (entry.path().extension() == ".json") names.push_back(entry.path());
  }
  std::sort(names.begin(), names.end());
  std::vector<json> mail;
  for (const base::Path& name : names) {
    std::ifstream file(name);
    mail.push_back(json::parse(file));
  }
  return mail;
}

}  // namespace servers
