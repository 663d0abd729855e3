// The part of the configuration about access to a server: logins, client certificate, proxy.
#pragma once

#include <optional>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "base/file_system.h"
#include "base/secret.h"

namespace base {

enum class TlsConfig { kRequired, kNone };

// How a login authenticates.
enum class AuthConfig {
  kPassword,
  kOauth,        // a token, with whichever of the next two the server offers
  kXoauth2,      // Google's and Microsoft's
  kOauthBearer,  // RFC 7628
  kExternal,     // SASL EXTERNAL: the client certificate identifies the user; no secret is needed
};

struct LoginConfig {
  std::string user;
  SecretSource password;  // or token: loaded again for every login
  AuthConfig auth = AuthConfig::kPassword;
};

// The certificate that the client presents in the TLS handshake.
struct ClientCertificateConfig {
  Path file;                             // PEM; also holds the key if `key_file` is empty
  Path key_file;                         // PEM
  std::optional<SecretSource> password;  // of an encrypted key
};

struct ProxyConfig {
  std::string url;  // http://, https://, socks4://, socks4a://, socks5://, socks5h://
  std::optional<LoginConfig> login;
};

// All take an object that the schema has accepted.
SecretSource parse_secret(const nlohmann::json& at);
AuthConfig parse_auth(const nlohmann::json& at);

// Returns true if the object specifies how to log in.
bool has_login(const nlohmann::json& at);

std::optional<LoginConfig> parse_login(const nlohmann::json& at, const char* key);
std::optional<ClientCertificateConfig> parse_client_certificate(const nlohmann::json& server);
std::optional<ProxyConfig> parse_proxy(const nlohmann::json& server);

// Fails with kConfig if the login at `pointer` (a JSON pointer) has several ways to authenticate,
// or lacks a required one: the validator would only name "oneOf".
enum class Necessity { kOptional, kRequired };
void check_login(const nlohmann::json& login, const std::string& pointer, Necessity necessity);

}  // namespace base
