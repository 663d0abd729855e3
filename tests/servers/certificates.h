// Certificates for TLS on loopback, generated on demand. Fails with std::runtime_error.
#pragma once

#include <string>
#include <string_view>

#include "base/file_system.h"

namespace servers {

struct Certificates {
  base::Path ca;           // the authority's certificate (PEM), which clients trust
  base::Path stranger_ca;  // of another authority, which did not sign these certificates
  base::Path certificate;  // the server's: CN localhost, also for 127.0.0.1, 127.0.0.2 and ::1
  base::Path key;
};

// The certificate that a client presents.
struct ClientCertificate {
  base::Path file;
  base::Path key;
};

// Writes them into `directory`.
Certificates make_certificates(const base::Path& directory);

// Signed by the authority of make_certificates(), with the CN `name`.
ClientCertificate make_client_certificate(const base::Path& directory, const std::string& name);

// Whether the server at `imaps_url`, whose host is an IPv4 address, shows a certificate for that
// address from the authority whose certificate is `ca`.
bool has_valid_certificate(std::string_view imaps_url, const base::Path& ca);

}  // namespace servers
