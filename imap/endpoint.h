// The address of a server, how to connect to it, and the login.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>

#include "base/mail/server_access.h"
#include "base/secret.h"

namespace imap {

using base::Compression;
using base::LoginMethod;
using base::TlsMode;

// The client certificate for servers that request one. Files are PEM.
struct ClientCertificate {
  std::filesystem::path file;
  std::filesystem::path key_file;  // empty: the key is in `file`
  base::Secret password;           // of the key; empty: the key is not encrypted
};

struct Proxy {
  std::string url;   // empty: the environment's proxy, if any
  std::string user;  // empty: no login required
  base::Secret password;
};

struct Endpoint {
  std::string url;  // imap://host[:port] or imaps://host[:port]
  TlsMode tls = TlsMode::kRequired;
  std::filesystem::path ca_file;  // empty: the system's
  ClientCertificate certificate;
  Proxy proxy;
  Compression compression = Compression::kNone;  // if the server supports it
  std::chrono::milliseconds connect_timeout{30'000};
};

struct Login {
  std::string user;       // the user that authenticates
  base::Secret password;  // or token
  // The account to open; empty: the user's own. A password is sent with both names (SASL PLAIN, RFC
  // 4616); a token or a certificate is sent with this name alone, because it already identifies the
  // user.
  std::string acting_as;
  LoginMethod method = LoginMethod::kPassword;
};

}  // namespace imap
