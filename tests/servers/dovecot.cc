#include "tests/servers/dovecot.h"

#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <optional>
#include <thread>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/error.h"
#include "base/handle.h"
#include "tests/servers/process.h"
#include "tests/temporary_folder.h"

namespace servers {

namespace {

using namespace std::chrono_literals;

constexpr auto kProgram = "/usr/sbin/dovecot";
constexpr auto kHost = "127.0.0.1";
constexpr auto kPlainHost = "127.0.0.2";
constexpr auto kUnnamedHost = "127.0.0.3";
constexpr auto kAdmin = "backup";
constexpr auto kStartPatience = 10s;
// Sessions end in milliseconds; a log process now and then waits for others that are gone.
constexpr auto kStopPatience = 1s;
constexpr int kStartAttempts = 5;
constexpr std::uint64_t kLogLimit = std::uint64_t{1} << 30U;

sockaddr_in address_of(const char* host) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  static_cast<void>(::inet_pton(AF_INET, host, &address.sin_addr));
  return address;
}

// A port that was free a moment ago. Held until the socket is let go, so that the next call gives
// another one.
std::uint16_t free_port(const char* host, base::Fd& held) {
  held = base::Fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address = address_of(host);
  socklen_t size = sizeof(address);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if (!held || ::bind(held.get(), generic, size) != 0 ||
      ::getsockname(held.get(), generic, &size) != 0) {
    base::fail_with_errno(errno, std::string("find a free port on ") + host);
  }
  return ntohs(address.sin_port);
}

DovecotPorts free_ports() {
  std::array<base::Fd, 4> held;
  return {free_port(kHost, held[0]), free_port(kHost, held[1]), free_port(kPlainHost, held[2]),
          free_port(kUnnamedHost, held[3])};
}

void write_text(const base::Path& path, std::string_view text) {
  std::ofstream file(path, std::ios::binary);
  file << text;
  file.close();
  if (!file) base::fail(base::ErrorCode::kIo, "write {}: it failed", path.string());
}

bool is_index_file(std::string_view name) {
  return name.starts_with("dovecot.index") || name.starts_with("dovecot.list.index") ||
         name.starts_with("dovecot.mailbox.log");
}

}  // namespace

class Dovecot::Impl {
 public:
  explicit Impl(DovecotOptions options) : options_(std::move(options)), user_(server_user()) {
    // Root's server runs as somebody else, who has to pass through.
    std::filesystem::permissions(folder_.path(), std::filesystem::perms(0711));
    certificates_ = make_certificates(folder_.path());
    for (const char* name : {"mail", "passwords"}) {
      std::filesystem::create_directory(folder_.path() / name);
    }
    for (int attempt = 1;; ++attempt) {
      ports_ = free_ports();
      configure();
      give_to(user_, folder_.path());
      try {
        start();
        return;
      } catch (const base::Error&) {
        // Somebody else may have taken a port in between.
        const bool lost_a_port = log().find("Address already in use") != std::string::npos;
        if (!lost_a_port || attempt == kStartAttempts) throw;
      }
    }
  }

  void configure() {
    std::string users;
    std::vector<std::string> names = options_.users;
    names.emplace_back(kAdmin);
    for (const std::string& name : names) {
      users += name + ":{PLAIN}" + Dovecot::password(name) + "::::::\n";
      const base::Path home = mail_folder(folder_.path()) / name;
      std::filesystem::create_directory(home);
      give_to(user_, home);
      write_text(password_file(name), Dovecot::password(name) + "\n");
    }
    write_text(users_file(folder_.path()), users);
    write_text(admins_file(folder_.path()),
               std::string(kAdmin) + ":{PLAIN}" + Dovecot::password(kAdmin) + "::::::\n");
    write_text(configuration_file(),
               dovecot_configuration(options_, ports_, certificates_, user_, folder_.path()));
  }

  void start() {
    // A lock that an earlier master left behind would cost ten seconds.
    for (const char* name : {"run", "state"}) {
      const base::Path folder = folder_.path() / name;
      std::filesystem::remove_all(folder);
      std::filesystem::create_directory(folder);
      give_to(user_, folder);
    }
    process_.emplace(std::vector<std::string>{kProgram, "-F", "-c", configuration_file().string()},
                     std::vector<std::string>{"PATH=/usr/sbin:/usr/bin:/sbin:/bin"}, user_.account,
                     folder_.path() / "dovecot.out");
    const auto deadline = std::chrono::steady_clock::now() + kStartPatience;
    while (!is_ready()) {
      if (!process_->is_running() || std::chrono::steady_clock::now() > deadline) {
        process_.reset();
        base::fail(base::ErrorCode::kInternal, "start Dovecot: it does not answer: {}", log());
      }
      std::this_thread::sleep_for(2ms);
    }
  }

  void stop() {
    if (process_) process_->end(kStopPatience);
    process_.reset();
  }

  void break_connections() {
    if (!process_) return;
    for (std::vector<pid_t> sessions = process_->children("imap"); !sessions.empty();
         sessions = process_->children("imap")) {
      for (const pid_t session : sessions) static_cast<void>(::kill(session, SIGKILL));
      std::this_thread::sleep_for(1ms);
    }
  }

  template <typename Choose>
  void remove_files(std::string_view user, Choose choose) {
    // A session that is open keeps what it knows in memory, and writes it back.
    break_connections();
    const base::Path home = mail_folder(folder_.path()) / user;
    std::vector<base::Path> chosen;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(home)) {
      if (choose(entry.path().filename().string())) chosen.push_back(entry.path());
    }
    for (const base::Path& path : chosen) std::filesystem::remove_all(path);
  }

  std::string log() const {
    std::string text;
    for (const base::Path& path : {folder_.path() / "dovecot.out", log_file(folder_.path())}) {
      const auto bytes = base::read_file(base::real_file_system(), path, kLogLimit);
      if (bytes) text += base::as_text(*bytes);
    }
    return text;
  }

  base::Path configuration_file() const { return folder_.path() / "dovecot.conf"; }
  base::Path password_file(std::string_view name) const {
    return folder_.path() / "passwords" / name;
  }

  DovecotOptions options_;
  const ServerUser user_;
  tests::TemporaryFolder folder_;
  Certificates certificates_;
  DovecotPorts ports_;
  std::optional<Process> process_;

 private:
  // The greeting comes only when a login process is there to give it.
  bool is_ready() const {
    try {
      const ImapClient client(kPlainHost, ports_.plain);
      return true;
    } catch (const base::Error&) {
      return false;
    }
  }
};

Dovecot::Dovecot(DovecotOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}

Dovecot::~Dovecot() {
  impl_->stop();
}

std::string Dovecot::imap_url() const {
  return fmt::format("imap://{}:{}", kHost, impl_->ports_.imap);
}

std::string Dovecot::imaps_url() const {
  return fmt::format("imaps://{}:{}", kHost, impl_->ports_.imaps);
}

std::string Dovecot::plain_url() const {
  return fmt::format("imap://{}:{}", kPlainHost, impl_->ports_.plain);
}

std::string Dovecot::misnamed_url() const {
  return fmt::format("imaps://{}:{}", kUnnamedHost, impl_->ports_.unnamed);
}

base::Path Dovecot::ca_file() const {
  return impl_->certificates_.ca;
}
base::Path Dovecot::stranger_ca_file() const {
  return impl_->certificates_.stranger_ca;
}
const DovecotOptions& Dovecot::options() const {
  return impl_->options_;
}
std::string Dovecot::admin() {
  return kAdmin;
}
std::string Dovecot::password(std::string_view name) {
  return fmt::format("secret-of-{}", name);
}

base::Path Dovecot::password_file(std::string_view name) const {
  return impl_->password_file(name);
}

ImapClient Dovecot::client(std::string_view user) const {
  ImapClient client(kPlainHost, impl_->ports_.plain);
  client.login(user, password(user));
  return client;
}

Maildir Dovecot::maildir(std::string_view user) const {
  return {mail_folder(folder()) / user / "Maildir", impl_->options_.separator, impl_->user_};
}

const base::Path& Dovecot::folder() const {
  return impl_->folder_.path();
}
void Dovecot::stop() {
  impl_->stop();
}
void Dovecot::start() {
  impl_->start();
}

void Dovecot::restart() {
  restart(impl_->options_);
}

void Dovecot::restart(DovecotOptions options) {
  impl_->stop();
  impl_->options_ = std::move(options);
  impl_->configure();
  impl_->start();
}

void Dovecot::break_connections() {
  impl_->break_connections();
}

void Dovecot::lose_index_files(std::string_view user) {
  impl_->remove_files(user, is_index_file);
}

void Dovecot::lose_uids(std::string_view user) {
  impl_->remove_files(
      user, [](std::string_view name) { return is_index_file(name) || name == "dovecot-uidlist"; });
}

std::string Dovecot::log() const {
  return impl_->log();
}

}  // namespace servers
