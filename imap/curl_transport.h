// Connects to a server with libcurl: TCP, proxies, TLS, STARTTLS, login. After the login, libcurl
// only carries bytes and does not interpret them.
#pragma once

#include <memory>
#include <vector>

#include "base/server_certificate.h"
#include "imap/endpoint.h"
#include "imap/transport.h"

namespace imap {

// Connects and logs in. Fails with ConnectionLost (unknown host, connection refused, too slow, the
// server closes or asks to wait), kTls (certificate, no STARTTLS, data after its response), kLogin
// (refused; or PREAUTH, where the account can't be verified), kConfig (not an IMAP URL); the
// message includes the remedy.
std::unique_ptr<Transport> connect_with_curl(const Endpoint& endpoint, const Login& login);

// The certificates that the server presents on connecting, its own first, without a login. They
// have been verified. Empty without TLS. Fails as connect_with_curl() does.
std::vector<base::ServerCertificate> presented_certificates(const Endpoint& endpoint);

}  // namespace imap
