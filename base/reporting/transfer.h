// libcurl as the way out: mail over SMTP, and requests over HTTP. Nothing here retries.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "base/config/reporting_config.h"
#include "base/server_certificate.h"

namespace base {

// Hands `message` (as to_rfc5322() writes it) over for one address. Fails with kNetwork, kTls,
// kLogin (refused), kRefused (by the server, with its words), kConfig (no password is to be had).
void send_over_smtp(const MailConfig& mail, const std::string& hello_name, const std::string& to,
                    std::string_view message);

// Connects as a sender does, login included, and sends nothing: the server's certificates, its own
// first, which have been verified; empty without TLS. Fails as send_over_smtp() does.
std::vector<ServerCertificate> greet_mail_server(const MailConfig& mail,
                                                 const std::string& hello_name);

struct HttpRequest {
  std::string url;
  Path ca_file;  // empty: the system's
  HttpMethod method = HttpMethod::kGet;
  std::string_view body;  // of kPost: JSON
  std::chrono::seconds timeout{30};
};

// What the server answers is thrown away; follows no redirection. Fails with kNetwork, kTls, or
// kRefused where the status is none of 2xx.
void ask_over_http(const HttpRequest& request);

}  // namespace base
