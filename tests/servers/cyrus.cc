#include "tests/servers/cyrus.h"

#include <filesystem>

#include "base/error.h"
#include "tests/servers/process.h"
#include "tests/servers/unpacked_server.h"

namespace servers {

namespace {

base::Path installation() {
  return unpacked_server("cyrus");
}

// The directory of the plugins.
base::Path sasl_directory() {
  for (const auto& entry : std::filesystem::directory_iterator(installation() / "usr" / "lib")) {
    if (entry.path().filename().string().ends_with("-linux-gnu")) return entry.path() / "sasl2";
  }
  base::fail(base::ErrorCode::kInternal, "start Cyrus: its libraries were not found");
}

std::vector<std::string> environment(const std::string& user) {
  return {"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "CYRUS_USER=" + user,
          "LD_LIBRARY_PATH=" + libraries_of("cyrus"), "SASL_PATH=" + sasl_directory().string()};
}

constexpr auto kImapd = R"(configdirectory: {directory}/conf
partition-default: {directory}/mail
defaultpartition: default
temp_path: {directory}/tmp
proc_path: {directory}/conf/proc
mboxname_lockpath: {directory}/conf/lock
lmtpsocket: {directory}/conf/socket/lmtp
idlesocket: {directory}/conf/socket/idle
notifysocket: {directory}/conf/socket/notify
admins: {quota_admin}
proxyservers: {admin}
allowplaintext: 1
sasl_pwcheck_method: auxprop
sasl_auxprop_plugin: sasldb
sasl_sasldb_path: {directory}/conf/sasldb2
sasl_mech_list: PLAIN CRAM-MD5
unixhierarchysep: {slash}
altnamespace: {beside}
munge8bit: {munged}
hashimapspool: 1
servername: localhost
)";

constexpr auto kCyrusServices = R"(START {{
  recover cmd="{bin}/ctl_cyrusdb -C {directory}/imapd.conf -r"
}}
SERVICES {{
  imap cmd="{bin}/imapd -C {directory}/imapd-tls.conf" listen="{host}:{imap}" prefork=0
  imaps cmd="{bin}/imapd -s -C {directory}/imapd-tls.conf" listen="{host}:{imaps}" prefork=0
  unnamed cmd="{bin}/imapd -s -C {directory}/imapd-tls.conf" listen="{unnamed_host}:{unnamed}" prefork=0
  plain cmd="{bin}/imapd -C {directory}/imapd.conf" listen="{plain_host}:{plain}" prefork=1
}}
)";

bool is_beside(NameStyle names) {
  return names == NameStyle::kBesideInbox || names == NameStyle::kBesideInboxByDot;
}

}  // namespace

Cyrus::Cyrus(CyrusOptions options) : options_(std::move(options)) {
  start_first();
  make_accounts();
}

std::string Cyrus::quota_admin() {
  return "cyrus";
}

char Cyrus::separator() const {
  return options_.names == NameStyle::kBesideInbox ||
                 options_.names == NameStyle::kBelowInboxBySlash
             ? '/'
             : '.';
}

std::string Cyrus::personal_prefix() const {
  return is_beside(options_.names) ? "" : std::string("INBOX") + separator();
}

std::string Cyrus::admin_name(std::string_view user, std::string_view folder_below) const {
  std::string name = fmt::format("user{}{}", separator(), user);
  if (!folder_below.empty()) name += fmt::format("{}{}", separator(), folder_below);
  return name;
}

std::string Cyrus::imapd_configuration() const {
  return fmt::format(kImapd, fmt::arg("directory", directory().string()),
                     fmt::arg("quota_admin", quota_admin()), fmt::arg("admin", admin()),
                     fmt::arg("beside", is_beside(options_.names) ? 1 : 0),
                     fmt::arg("slash", separator() == '/' ? 1 : 0),
                     fmt::arg("munged", options_.header_bytes == HeaderBytes::kMunged ? 1 : 0)) +
         options_.extra;
}

std::string Cyrus::services() const {
  return fmt::format(
      kCyrusServices, fmt::arg("bin", (installation() / "usr/lib/cyrus/bin").string()),
      fmt::arg("directory", directory().string()), fmt::arg("host", kHost),
      fmt::arg("plain_host", kPlainHost), fmt::arg("unnamed_host", kUnnamedHost),
      fmt::arg("imap", ports().imap.number()), fmt::arg("imaps", ports().imaps.number()),
      fmt::arg("plain", ports().plain.number()), fmt::arg("unnamed", ports().unnamed.number()));
}

void Cyrus::configure() {
  for (const char* name :
       {"mail", "tmp", "conf", "conf/db", "conf/socket", "conf/log", "conf/proc", "conf/lock"}) {
    make_directory(name);
  }
  const std::string imapd = imapd_configuration();
  write("imapd.conf", imapd);
  write("imapd-tls.conf",
        fmt::format("{}tls_server_cert: {}\ntls_server_key: {}\n", imapd,
                    certificates().certificate.string(), certificates().key.string()));
  write("cyrus.conf", services());
  std::vector<std::string> names = options_.users;
  names.push_back(admin());
  names.push_back(quota_admin());
  const base::Path database = directory() / "conf" / "sasldb2";
  std::vector<std::string> program = {"env"};
  for (std::string& variable : environment(user().name)) program.push_back(std::move(variable));
  program.insert(program.end(), {installation() / "usr/sbin/saslpasswd2", "-p", "-c", "-f",
                                 database, "-u", "localhost"});
  for (const std::string& name : names) {
    write_password(name);
    std::vector<std::string> arguments = program;
    arguments.push_back(name);
    const ProcessResult result = run_program(arguments, password(name));
    if (result.status != 0) {
      base::fail(base::ErrorCode::kInternal, "start Cyrus: saslpasswd2: {}", result.err);
    }
  }
  give_to(user(), database);
}

Server::Command Cyrus::command() const {
  return {{installation() / "usr/sbin/cyrmaster", "-C", directory() / "imapd.conf", "-M",
           directory() / "cyrus.conf", "-p", directory() / "conf" / "pid", "-D"},
          environment(user().name),
          "imapd"};
}

void Cyrus::make_accounts() {
  ImapClient cyrus = client(quota_admin());
  std::vector<std::string> names = options_.users;
  names.push_back(
      admin());  // so that a client that loses the authorization identity reads wrong mail
  for (const std::string& name : names) {
    cyrus.command("CREATE " + quote(admin_name(name)));
    cyrus.command(
        fmt::format("SETQUOTA {} (STORAGE {})", quote(admin_name(name)), options_.quota_kib));
  }
}

}  // namespace servers
