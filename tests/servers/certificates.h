// Certificates for TLS on loopback, made by openssl when they are needed.
#pragma once

#include <string>

#include "base/file_system.h"

namespace servers {

struct Certificates {
  base::Path ca;           // the authority's certificate (PEM), which clients trust
  base::Path stranger_ca;  // of another authority, which vouches for nothing here
  base::Path certificate;  // the server's: CN localhost, also for 127.0.0.1, 127.0.0.2 and ::1
  base::Path key;
};

// What a client shows.
struct ClientCertificate {
  base::Path file;
  base::Path key;
};

// Writes them into `folder`. Takes some 50 ms.
Certificates make_certificates(const base::Path& folder);

// Signed by the authority of make_certificates(), for `name` (its CN).
ClientCertificate make_client_certificate(const base::Path& folder, const std::string& name);

}  // namespace servers
