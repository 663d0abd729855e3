#include "imap/account_login.h"

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
  return {server.admin->user, base::load_secret(server.admin->password), account.user};
}

Session open_account(const base::ServerConfig& server, const base::AccountConfig& account) {
  return Session::open(endpoint_of(server), login_of(server, account), Limits());
}

}  // namespace imap
