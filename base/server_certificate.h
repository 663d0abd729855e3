// The facts about a server's certificate that are needed to warn before it expires.
#pragma once

#include <chrono>
#include <span>
#include <string>
#include <vector>

namespace base {

struct ServerCertificate {
  std::string subject;  // as formatted by OpenSSL, escaped
  std::chrono::sys_seconds expires{};
};

// Parses libcurl's lines about a certificate: "Subject:CN = localhost", "Expire date:Nov 24
// 18:58:45 2027 GMT".
ServerCertificate read_certificate(std::span<const std::string> lines);

// Explains what to do about a rejected certificate; `cause` is libcurl's reason, escaped.
std::string explain_distrust(const std::string& cause);

// Reads a curl_certinfo, a type that only the code that connects knows; null means that TLS was not
// used.
template <typename Chain>
std::vector<ServerCertificate> read_certificates(const Chain* chain) {
  std::vector<ServerCertificate> certificates;
  for (int at = 0; chain != nullptr && at < chain->num_of_certs; ++at) {
    std::vector<std::string> lines;
    for (const auto* item = chain->certinfo[at]; item != nullptr; item = item->next) {
      lines.emplace_back(item->data);
    }
    certificates.push_back(read_certificate(lines));
  }
  return certificates;
}

}  // namespace base
