#include "tests/servers/server.h"

#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <optional>
#include <thread>

#include "base/error.h"
#include "tests/servers/process.h"
#include "tests/temporary_directory.h"

namespace servers {

namespace {

using namespace std::chrono_literals;

constexpr auto kStartPatience = 60s;
// Sessions end in milliseconds; a log process sometimes waits for processes that have already
// ended.
constexpr auto kStopPatience = 1s;
constexpr int kStartAttempts = 5;
constexpr std::uint64_t kLogLimit = std::uint64_t{1} << 30U;

}  // namespace

class Server::Impl {
 public:
  Impl() {
    // A server started by root runs as another user, which must be able to enter this directory.
    std::filesystem::permissions(directory_.path(), std::filesystem::perms(0711));
    certificates_ = make_certificates(directory_.path());
    give_to(user_, directory_.path());
  }

  base::Path output_file() const { return directory_.path() / "output"; }

  const ServerUser user_ = server_user();
  const tests::TemporaryDirectory directory_;
  Certificates certificates_;
  Ports ports_;
  std::string session_name_;
  std::optional<Process> process_;
};

Server::Server() : impl_(std::make_unique<Impl>()) {}

Server::~Server() {
  stop();
}

std::string Server::imap_url() const {
  return fmt::format("imap://{}:{}", kHost, impl_->ports_.imap.number());
}

std::string Server::imaps_url() const {
  return fmt::format("imaps://{}:{}", kHost, impl_->ports_.imaps.number());
}

std::string Server::plain_url() const {
  return fmt::format("imap://{}:{}", kPlainHost, impl_->ports_.plain.number());
}

std::uint16_t Server::plain_port() const {
  return impl_->ports_.plain.number();
}

std::string Server::misnamed_url() const {
  return fmt::format("imaps://{}:{}", kUnnamedHost, impl_->ports_.unnamed.number());
}

base::Path Server::ca_file() const {
  return impl_->certificates_.ca;
}
base::Path Server::stranger_ca_file() const {
  return impl_->certificates_.stranger_ca;
}
base::Path Server::key_file() const {
  return impl_->certificates_.key;
}
ClientCertificate Server::client_certificate(const std::string& name) const {
  return make_client_certificate(directory(), name);
}
std::string Server::admin() {
  return "backup";
}
std::string Server::password(std::string_view name) {
  return fmt::format("secret-of-{}", name);
}

base::Path Server::password_file(std::string_view name) const {
  return directory() / "passwords" / name;
}

ImapClient Server::client(std::string_view user) const {
  ImapClient client(kPlainHost, impl_->ports_.plain.number());
  client.login(user, password(user));
  client.set_waiting_for_literals(!takes_literals_at_once());
  return client;
}

const base::Path& Server::directory() const {
  return impl_->directory_.path();
}
const Certificates& Server::certificates() const {
  return impl_->certificates_;
}
const Ports& Server::ports() const {
  return impl_->ports_;
}
const ServerUser& Server::user() const {
  return impl_->user_;
}

void Server::start_first() {
  for (int attempt = 1;; ++attempt) {
    impl_->ports_ = free_ports();
    try {
      start();
      return;
    } catch (const base::Error& error) {
      const bool lost_a_port =
          std::string_view(error.what()).find("ddress already in use") != std::string_view::npos;
      if (!lost_a_port || attempt == kStartAttempts) throw;
    }
  }
}

void Server::start() {
  configure();
  const Command how = command();
  impl_->session_name_ = how.session;
  impl_->process_.emplace(how.arguments, how.environment, impl_->user_.account,
                          impl_->output_file());
  const auto fail = [this] {
    stop();
    base::fail(base::ErrorCode::kInternal, "start a mail server: no answer: {}", log());
  };
  const auto deadline = std::chrono::steady_clock::now() + kStartPatience;
  // The greeting is sent only once a session process is running.
  while (!ImapClient::is_greeted(kPlainHost, impl_->ports_.plain.number())) {
    if (!impl_->process_->is_running() || std::chrono::steady_clock::now() > deadline) fail();
    std::this_thread::sleep_for(5ms);
  }
  // It may have been that of another program, which took the port.
  if (!impl_->process_->is_running()) fail();
}

void Server::stop() {
  if (impl_->process_) impl_->process_->end(kStopPatience);
  impl_->process_.reset();
}

void Server::break_connections() {
  if (!impl_->process_) return;
  for (const pid_t session : impl_->process_->children(impl_->session_name_)) {
    static_cast<void>(::kill(session, SIGKILL));
    while (impl_->process_->has_child(session)) std::this_thread::sleep_for(1ms);
  }
}

std::string Server::log() const {
  return read_log(impl_->output_file());
}

std::string Server::read_log(const base::Path& path) {
  const auto bytes = base::read_file(base::real_file_system(), path, kLogLimit);
  return bytes ? base::to_text(*bytes) : "";
}

void Server::write(const base::Path& path, std::string_view text) const {
  const base::Path whole = directory() / path;
  std::ofstream file(whole, std::ios::binary);
  file << text;
  file.close();
  if (!file) base::fail(base::ErrorCode::kIo, "write {}: failed", whole.string());
  give_to(user(), whole);
}

void Server::make_directory(const base::Path& path) const {
  if (std::filesystem::create_directory(directory() / path)) give_to(user(), directory() / path);
}

void Server::write_password(std::string_view name) const {
  std::filesystem::create_directory(password_file(name).parent_path());
  std::ofstream(password_file(name)) << password(name) << '\n';
  using std::filesystem::perms;
  std::filesystem::permissions(password_file(name), perms::owner_read | perms::owner_write);
}

}  // namespace servers
