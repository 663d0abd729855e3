#include "imap/account_login.h"

#include "base/error.h"

namespace imap {

Endpoint endpoint_of(const base::ServerConfig& server) {
  Endpoint endpoint;
  endpoint.url = server.url;
  endpoint.tls = server.tls == base::TlsConfig::kNone ? TlsMode::kNone : TlsMode::kRequired;
  endpoint.ca_file = server.ca_file;
  return endpoint;
}

Login login_of(const base::ServerConfig& server, const base::AccountConfig& account) {
  if (account.password) return {account.user, base::load_secret(*account.password), ""};
  if (!server.admin)
    base::fail(base::ErrorCode::kConfig,
               "accounts: {}: it has no password and its server no admin: give it one of them",
               account.name);
  return {server.admin->user, base::load_secret(server.admin->password), account.user};
}

Session open_account(const base::ServerConfig& server, const base::AccountConfig& account) {
  return Session::open(endpoint_of(server), login_of(server, account), Limits());
}

Session open_quota_admin(const base::ServerConfig& server) {
  const auto& admin = server.quota_admin ? server.quota_admin : server.admin;
  if (!admin)
    base::fail(base::ErrorCode::kConfig, "servers: there is neither quota_admin nor admin");
  return Session::open(endpoint_of(server), {admin->user, base::load_secret(admin->password), ""},
                       Limits());
}

}  // namespace imap
