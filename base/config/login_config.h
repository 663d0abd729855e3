// The part of the configuration about access to a server: logins, client certificate, proxy.
#pragma once

#include <optional>
#include <string>

#include <nlohmann/json_fwd.hpp>

#include "base/file_system.h"
#include "base/mail/server_access.h"
#include "base/secret.h"

namespace base {

struct LoginConfig {
  std::string user;
  SecretSource password;  // or token: loaded again for every login
  LoginMethod auth = LoginMethod::kPassword;
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
LoginMethod parse_auth(const nlohmann::json& at);

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
