#include "tests/servers/dovecot_configuration.h"

#include <fmt/core.h>

namespace servers {

namespace {

// `chroot =` and the three default users allow an ordinary user to run it. Authentication has no
// delays, because tests of wrong passwords must not wait. A process serves several sessions, one
// after the other, because its start takes longer than most of them.
constexpr auto kServices = R"(
default_internal_user = {user}
default_internal_group = {group}
default_login_user = {user}
shutdown_clients = yes
auth_failure_delay = 0
mail_max_userip_connections = 4000
service anvil {{
  chroot =
  client_limit = 20000
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
service stats {{
  chroot =
}}
service auth {{
  client_limit = 20000
}}
service imap {{
  process_limit = 4000
  service_count = 8
}}
service imap-login {{
  chroot =
  service_count = 0
  process_min_avail = 1
  client_limit = 4000
  inet_listener imap {{
    address = 127.0.0.1
    port = {imap}
  }}
  inet_listener imaps {{
    address = 127.0.0.1
    port = {imaps}
    ssl = yes
  }}
  inet_listener imaps-unnamed {{
    address = 127.0.0.3
    port = {unnamed}
    ssl = yes
  }}
  inet_listener imap-plain {{
    address = 127.0.0.2
    port = {plain}
  }}
}}
local 127.0.0.2 {{
  ssl = no
}}
)";

// CRAM-MD5 is offered because clients that prefer it silently drop the authorization identity. An
// admin is also a user with mail of its own: a client that drops the identity reads the wrong mail,
// as on a real server, and a test detects it.
constexpr auto kUsers = R"(
disable_plaintext_auth = no
auth_mechanisms = plain login cram-md5
auth_master_user_separator = *
first_valid_uid = 1
passdb {{
  driver = passwd-file
  master = yes
  args = {admins}
  result_success = continue
}}
passdb {{
  driver = passwd-file
  args = {users}
}}
userdb {{
  driver = static
  args = home={mail}/%u
}}
)";

constexpr auto kMail = R"(
mail_location = {location}
mail_fsync = {fsync}
mail_plugins = quota
protocol imap {{
  mail_plugins = quota imap_quota
}}
namespace inbox {{
  inbox = yes
  separator = {separator}
  prefix = {prefix}
}}
plugin {{
  quota = count:User quota
  quota_vsizes = yes
  quota_rule = *:storage={quota}K
{exemption}}}
)";

std::string exemption_rules(const DovecotOptions& options) {
  std::string rules;
  if (options.exemption == QuotaExemption::kNone) return rules;
  rules += fmt::format("  quota_rule2 = {}RESTORED:ignore\n", options.prefix);
  if (options.exemption == QuotaExemption::kTree) {
    rules +=
        fmt::format("  quota_rule3 = {}RESTORED{}*:ignore\n", options.prefix, options.separator);
  }
  return rules;
}

}  // namespace

base::Path mail_directory(const base::Path& directory) {
  return directory / "mail";
}
base::Path users_file(const base::Path& directory) {
  return directory / "users";
}
base::Path admins_file(const base::Path& directory) {
  return directory / "admins";
}
base::Path log_file(const base::Path& directory) {
  return directory / "dovecot.log";
}

std::string dovecot_configuration(const DovecotOptions& options, const Ports& ports,
                                  const Certificates& certificates, const ServerUser& user,
                                  const base::Path& directory) {
  std::string text = fmt::format(
      "base_dir = {0}/run\nstate_dir = {0}/state\nlog_path = {1}\nprotocols = imap\n"
      "listen = 127.0.0.1\nssl = yes\nssl_cert = <{2}\nssl_key = <{3}\n",
      directory.string(), log_file(directory).string(), certificates.certificate.string(),
      certificates.key.string());
  text += fmt::format(
      kServices, fmt::arg("user", user.name), fmt::arg("group", user.group),
      fmt::arg("imap", ports.imap.number()), fmt::arg("imaps", ports.imaps.number()),
      fmt::arg("plain", ports.plain.number()), fmt::arg("unnamed", ports.unnamed.number()));
  text += fmt::format(kUsers, fmt::arg("admins", admins_file(directory).string()),
                      fmt::arg("users", users_file(directory).string()),
                      fmt::arg("mail", mail_directory(directory).string()));
  text += fmt::format(
      kMail, fmt::arg("fsync", options.syncing == Syncing::kNever ? "never" : "optimized"),
      fmt::arg("separator", options.separator), fmt::arg("quota", options.quota_kib),
      fmt::arg("prefix", options.prefix), fmt::arg("location", options.location),
      fmt::arg("exemption", exemption_rules(options)));
  return text + options.extra;
}

}  // namespace servers
