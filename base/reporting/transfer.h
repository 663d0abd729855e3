// Outgoing transfers: mail over SMTP with libcurl, and the requests of hooks over HTTP. Nothing
// here retries.
#pragma once

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "base/config/reporting_config.h"
#include "base/server_certificate.h"

namespace base {

// Submits `message` (as written by to_rfc5322()) for one address. Fails with a MailError
// (base/reporting/mail_error.h): kNetwork, kTls, kLogin (refused), kRefused (by the server, with
// its reply), kConfig (the password can't be loaded).
void send_over_smtp(const MailConfig& mail, const std::string& hello_name, const std::string& to,
                    std::string_view message);

// Connects as for sending, including the login, but sends nothing. Returns the server's verified
// certificates, its own first; empty without TLS. Fails as send_over_smtp() does.
std::vector<ServerCertificate> greet_mail_server(const MailConfig& mail,
                                                 const std::string& hello_name);

struct HttpRequest {
  std::string url;
  Path ca_file;  // empty: the system's
  HttpMethod method = HttpMethod::kGet;
  std::string_view body;  // for kPost: JSON
  std::chrono::seconds timeout{30};
};

// Discards the server's response and follows no redirects. Fails with kNetwork, kTls, or kRefused
// if the status is not 2xx.
void send_http_request(const HttpRequest& request);

}  // namespace base
