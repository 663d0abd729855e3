// The part of the configuration that says as whom, and through what, a server is reached.
#pragma once

#include <optional>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "base/file_system.h"
#include "base/secret.h"

namespace base {

enum class TlsConfig { kRequired, kNone };

// How a login is proven.
enum class AuthConfig {
  kPassword,
  kOauth,        // a token, by whichever of the next two the server offers
  kXoauth2,      // Google's and Microsoft's
  kOauthBearer,  // RFC 7628
  kExternal,     // SASL EXTERNAL: the client certificate says who it is; there is no secret
};

struct LoginConfig {
  std::string user;
  SecretSource password;  // or token: asked for anew at every login
  AuthConfig auth = AuthConfig::kPassword;
};

// What the client shows in the TLS handshake.
struct ClientCertificateConfig {
  Path file;                             // PEM; with the key too if `key_file` is empty
  Path key_file;                         // PEM
  std::optional<SecretSource> password;  // of an encrypted key
};

struct ProxyConfig {
  std::string url;  // http://, https://, socks4://, socks4a://, socks5://, socks5h://
  std::optional<LoginConfig> login;
};

// All take an object that the schema has allowed.
SecretSource parse_secret(const nlohmann::json& at);
AuthConfig parse_auth(const nlohmann::json& at);

// Whether the object says how to log in.
bool has_login(const nlohmann::json& at);

std::optional<LoginConfig> parse_login(const nlohmann::json& at, const char* key);
std::optional<ClientCertificateConfig> parse_client_certificate(const nlohmann::json& server);
std::optional<ProxyConfig> parse_proxy(const nlohmann::json& server);

// A login, at `place` in the file, with none or several ways to prove itself: a validator would
// only name "oneOf". Fails with kConfig.
enum class Necessity { kOptional, kRequired };
void check_login(const nlohmann::json& login, const std::string& place, Necessity necessity);

}  // namespace base
