#include "base/config/login_config.h"

#include <array>

#include <nlohmann/json.hpp>

#include "base/error.h"

namespace base {

namespace {

using nlohmann::json;

constexpr std::array<const char*, 3> kPasswords = {"password_file", "password_command",
                                                   "credential"};
constexpr std::array<const char*, 2> kTokens = {"token_file", "token_command"};

template <typename Keys>
std::size_t count_of(const json& at, const Keys& keys) {
  std::size_t count = 0;
  for (const char* key : keys) count += at.count(key);
  return count;
}

bool is_external(const json& at) {
  return at.value("auth", "") == "external";
}

}  // namespace

SecretSource parse_secret(const json& at) {
  SecretSource source;
  source.password_file = at.value("password_file", at.value("token_file", std::string()));
  source.password_command =
      at.value("password_command", at.value("token_command", std::vector<std::string>()));
  source.credential = at.value("credential", std::string());
  return source;
}

LoginMethod parse_auth(const json& at) {
  const std::string word = at.value("auth", "");
  if (word == "external") return LoginMethod::kExternal;
  if (word == "xoauth2") return LoginMethod::kXoauth2;
  if (word == "oauthbearer") return LoginMethod::kOauthBearer;
  return count_of(at, kTokens) > 0 ? LoginMethod::kOauth : LoginMethod::kPassword;
}

bool has_login(const json& at) {
  return count_of(at, kPasswords) + count_of(at, kTokens) > 0 || is_external(at);
}

std::optional<LoginConfig> parse_login(const json& at, const char* key) {
  if (!at.contains(key)) return std::nullopt;
  const json& login = at.at(key);
  return LoginConfig{login.at("user").get<std::string>(), parse_secret(login), parse_auth(login)};
}

std::optional<ClientCertificateConfig> parse_client_certificate(const json& server) {
  if (!server.contains("client_certificate")) return std::nullopt;
  const json& at = server.at("client_certificate");
  ClientCertificateConfig certificate;
  certificate.file = at.at("file").get<std::string>();
  certificate.key_file = at.value("key_file", std::string());
  if (has_login(at)) certificate.password = parse_secret(at);
  return certificate;
}

std::optional<ProxyConfig> parse_proxy(const json& server) {
  if (!server.contains("proxy")) return std::nullopt;
  return ProxyConfig{server.at("proxy").get<std::string>(), parse_login(server, "proxy_login")};
}

void check_login(const json& login, const std::string& pointer, Necessity necessity) {
  if (!login.is_object()) return;  // the schema rejects it
  const std::size_t tokens = count_of(login, kTokens);
  const std::size_t ways = count_of(login, kPasswords) + tokens + (is_external(login) ? 1 : 0);
  if (ways > 1 || (ways == 0 && necessity == Necessity::kRequired)) {
    fail(ErrorCode::kConfig,
         "{}: give exactly one of password_file, password_command, credential, token_file, "
         "token_command and \"auth\": \"external\"",
         pointer);
  }
  if (login.contains("auth") && !is_external(login) && tokens == 0) {
    fail(ErrorCode::kConfig, "{}/auth: this method needs a token: give token_file or token_command",
         pointer);
  }
}

}  // namespace base
