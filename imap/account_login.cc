#include "imap/account_login.h"

#include <utility>

#include "base/error.h"
#include "base/terminal.h"
#include "imap/inbox_owner.h"

namespace imap {

namespace {

// Fails as base::load_secret() does, with the server's URL first: the same text about two servers
// is not one problem.
base::Secret load_secret_for(const base::ServerConfig& server, const base::SecretSource& secret) {
  try {
    return base::load_secret(secret);
  } catch (const base::Error& error) {
    base::fail(error.code(), "{}: {}", base::escape_for_terminal(server.url), error.what());
  }
}

Login to_login(const base::ServerConfig& server, const base::LoginConfig& config,
               std::string acting_as) {
  Login login;
  login.user = config.user;
  login.acting_as = std::move(acting_as);
  login.method = config.auth;
  if (login.method != LoginMethod::kExternal) {
    login.password = load_secret_for(server, config.password);
  }
  return login;
}

Session with_namespaces(Session session, const base::ServerConfig& server,
                        const base::AccountConfig& account) {
  session.add_namespaces(account.namespaces ? *account.namespaces : server.namespaces);
  return session;
}

// Fails with kLogin if the login is known to have opened a different account.
Session verified(Session session, const base::ServerConfig& server, const Login& login) {
  if (login.acting_as.empty()) return session;
  const std::vector<AclEntry> rights = session.inbox_rights();
  if (owner_of_inbox(rights, login.acting_as, login.user) == InboxOwner::kAdmin) {
    const std::string admin = base::escape_for_terminal(login.user);
    base::fail(base::ErrorCode::kLogin,
               "{}: login of {} as {}: the server opened the account of {} instead: check that the "
               "server, and any proxy in front of it, accepts an authorization identity",
               base::escape_for_terminal(server.url), admin,
               base::escape_for_terminal(login.acting_as), admin);
  }
  return session;
}

Limits limits_with(const base::ServerConfig& server, const CommonLimits& common) {
  Limits limits = limits_of(server);
  limits.waits = common.waits;
  limits.without = common.without;
  limits.list_detail = common.list_detail;
  limits.lists_in_parts = common.lists_in_parts;
  return limits;
}

}  // namespace

Endpoint endpoint_of(const base::ServerConfig& server) {
  Endpoint endpoint;
  endpoint.url = server.url;
  endpoint.tls = server.tls;
  endpoint.ca_file = server.ca_file;
  if (const auto& certificate = server.client_certificate) {
    endpoint.certificate.file = certificate->file;
    endpoint.certificate.key_file = certificate->key_file;
    if (certificate->password) {
      endpoint.certificate.password = load_secret_for(server, *certificate->password);
    }
  }
  if (const auto& proxy = server.proxy) {
    endpoint.proxy.url = proxy->url;
    if (proxy->login) {
      endpoint.proxy.user = proxy->login->user;
      endpoint.proxy.password = load_secret_for(server, proxy->login->password);
    }
  }
  endpoint.compression = server.compress;
  return endpoint;
}

Login login_of(const base::ServerConfig& server, const base::AccountConfig& account) {
  if (account.password)
    return to_login(server, {account.user, *account.password, account.auth}, "");
  if (!server.admin)
    base::fail(base::ErrorCode::kConfig,
               "accounts: {}: no password, and the server has no admin: configure one of them",
               account.name);
  return to_login(server, *server.admin, account.user);
}

Limits limits_of(const base::ServerConfig& server) {
  Limits limits;
  limits.command = server.transfer.command_timeout;
  limits.message = server.transfer.message_timeout;
  limits.pipeline = server.pipeline;
  return limits;
}

Session open_account(const base::ServerConfig& server, const base::AccountConfig& account,
                     const CommonLimits& common) {
  const Login login = login_of(server, account);
  return with_namespaces(
      verified(Session::open(endpoint_of(server), login, limits_with(server, common)), server,
               login),
      server, account);
}

Session open_account_and_list_ahead(const base::ServerConfig& server,
                                    const base::AccountConfig& account,
                                    std::string_view personal_prefix, const CommonLimits& common,
                                    const std::function<void()>& logged_in) {
  const Login login = login_of(server, account);
  return with_namespaces(
      verified(Session::open_and_list_ahead(endpoint_of(server), login, limits_with(server, common),
                                            personal_prefix, logged_in),
               server, login),
      server, account);
}

Session open_quota_admin(const base::ServerConfig& server) {
  const auto& admin = server.quota_admin ? server.quota_admin : server.admin;
  if (!admin)
    base::fail(base::ErrorCode::kConfig, "servers: neither quota_admin nor admin is configured");
  return Session::open(endpoint_of(server), to_login(server, *admin, ""), limits_of(server));
}

}  // namespace imap
