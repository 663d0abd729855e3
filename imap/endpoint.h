// Where a server is, how to get there, and as whom.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>

#include "base/secret.h"

namespace imap {

enum class TlsMode {
  kRequired,  // imaps://: TLS from the first byte; imap://: STARTTLS, or no login at all
  kNone,      // plain text: only where the configuration says so in so many words
};

enum class Compression { kNone, kDeflate };

// What is shown to a server that asks for a certificate. Files are PEM.
struct ClientCertificate {
  std::filesystem::path file;
  std::filesystem::path key_file;  // empty: the key is in `file`
  base::Secret password;           // of the key; empty: it is not encrypted
};

struct Proxy {
  std::string url;   // empty: the one that the environment names, if any
  std::string user;  // empty: it wants no login
  base::Secret password;
};

struct Endpoint {
  std::string url;  // imap://host[:port] or imaps://host[:port]
  TlsMode tls = TlsMode::kRequired;
  std::filesystem::path ca_file;  // empty: the system's
  ClientCertificate certificate;
  Proxy proxy;
  Compression compression = Compression::kNone;  // where the server can
  std::chrono::milliseconds connect_timeout{30'000};
};

enum class LoginMethod {
  kPassword,     // whatever the server offers, the best first
  kOauth,        // one of the next two
  kXoauth2,      // Google's and Microsoft's
  kOauthBearer,  // RFC 7628
  kExternal,     // RFC 4422: the client certificate says who it is
};

struct Login {
  std::string user;       // who authenticates
  base::Secret password;  // or token
  // Whose account it shall be; empty: the user's own. A password goes with both names (SASL PLAIN,
  // RFC 4616); a token and a certificate with this one alone, and say by themselves who came.
  std::string acting_as;
  LoginMethod method = LoginMethod::kPassword;
};

}  // namespace imap
