// A certificate that a server presents, as far as somebody has to know of it before it expires.
#pragma once

#include <chrono>
#include <span>
#include <string>

namespace base {

struct ServerCertificate {
  std::string subject;  // as OpenSSL writes a name, escaped
  std::chrono::sys_seconds expires{};
};

// From libcurl's lines about it: "Subject:CN = localhost", "Expire date:Nov 24 18:58:45 2027 GMT".
ServerCertificate read_certificate(std::span<const std::string> lines);

}  // namespace base
