// libcurl as the way to a server: TCP, proxies, TLS, STARTTLS, login. What follows the login is
// carried, not spoken, by libcurl.
#pragma once

#include <memory>
#include <vector>

#include "base/server_certificate.h"
#include "imap/endpoint.h"
#include "imap/transport.h"

namespace imap {

// Connects and logs in. Fails with ConnectionLost (unknown host, refused, too slow, the server
// closes or asks to wait), kTls (certificate, no STARTTLS, data behind its answer), kLogin
// (refused; or PREAUTH, where nobody knows whose account it is), kConfig (not such a URL); the text
// says what to do.
std::unique_ptr<Transport> connect_with_curl(const Endpoint& endpoint, const Login& login);

// The certificates that the server presents, its own first, as it does to whoever connects: nobody
// logs in. They have been verified. Empty without TLS. Fails as connect_with_curl() does.
std::vector<base::ServerCertificate> presented_certificates(const Endpoint& endpoint);

}  // namespace imap
