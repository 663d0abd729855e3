// A certificate that a server presents, as far as somebody has to know of it before it expires.
#pragma once

#include <chrono>
#include <span>
#include <string>
#include <vector>

namespace base {

struct ServerCertificate {
  std::string subject;  // as OpenSSL writes a name, escaped
  std::chrono::sys_seconds expires{};
};

// From libcurl's lines about it: "Subject:CN = localhost", "Expire date:Nov 24 18:58:45 2027 GMT".
ServerCertificate read_certificate(std::span<const std::string> lines);

// Says of a certificate that was not taken what to do; `cause` is why not, in libcurl's words,
// escaped.
std::string explain_distrust(const std::string& cause);

// Of a curl_certinfo, which only those who connect know; null: there was no TLS.
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
