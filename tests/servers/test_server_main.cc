// mailstow-test-server: the tests' Dovecot or Cyrus, for scripts and for manual experiments.
//
// Prints one JSON document (its addresses and users) and serves until the end of standard input,
// SIGTERM or SIGINT.

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <exception>
#include <memory>
#include <string>
#include <vector>

#include <CLI/CLI.hpp>
#include <fmt/core.h>
#include <nlohmann/json.hpp>
#include <poll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "base/bytes.h"
#include "base/error.h"
#include "base/file_system.h"
#include "base/handle.h"
#include "tests/servers/account_filler.h"
#include "tests/servers/cyrus.h"
#include "tests/servers/dovecot.h"

namespace {

struct Arguments {
  servers::DovecotOptions server;
  bool is_cyrus = false;
  std::string extra_file;
  std::size_t messages = 0;
  std::uint64_t seed = 1;
  bool until_signal = false;
};

void declare(CLI::App& app, Arguments& arguments) {
  app.add_option("--user", arguments.server.users, "A user; may be repeated")
      ->capture_default_str();
  app.add_option("--messages", arguments.messages, "Generated messages for each user");
  app.add_option("--seed", arguments.seed, "Seed of the generated messages");
  app.add_option("--separator", arguments.server.separator,
                 "The hierarchy separator in folder names");
  app.add_option("--quota-kib", arguments.server.quota_kib, "The users' quota");
  app.add_flag_callback(
      "--no-exemption", [&] { arguments.server.exemption = servers::QuotaExemption::kNone; },
      "RESTORED counts towards the quota");
  app.add_flag("--cyrus", arguments.is_cyrus, "Run Cyrus instead of Dovecot");
  app.add_option("--extra", arguments.extra_file,
                 "File with additional lines of its configuration");
  app.add_flag("--until-signal", arguments.until_signal, "Keep serving when standard input ends");
}

nlohmann::json describe(const servers::Server& server, const Arguments& arguments) {
  nlohmann::json users = nlohmann::json::object();
  for (const std::string& user : arguments.server.users) {
    users[user] = {{"password_file", server.password_file(user).string()}};
  }
  nlohmann::json quota_admin;
  if (arguments.is_cyrus) {
    const std::string user = servers::Cyrus::quota_admin();
    quota_admin = {{"user", user}, {"password_file", server.password_file(user).string()}};
  }
  return {{"imap_url", server.imap_url()},
          {"imaps_url", server.imaps_url()},
          {"plain_url", server.plain_url()},
          {"ca_file", server.ca_file().string()},
          {"admin", servers::Server::admin()},
          {"admin_password_file", server.password_file(servers::Server::admin()).string()},
          {"quota_admin", quota_admin},
          {"users", users},
          {"directory", server.directory().string()},
          {"pid", ::getpid()}};
}

// Call it before the server starts, so that no thread is killed by a signal instead.
base::Fd block_signals() {
  sigset_t signals;
  if (::sigemptyset(&signals) != 0 || ::sigaddset(&signals, SIGTERM) != 0 ||
      ::sigaddset(&signals, SIGINT) != 0 || ::sigprocmask(SIG_BLOCK, &signals, nullptr) != 0) {
    base::fail_with_errno(errno, "block signals");
  }
  base::Fd fd(::signalfd(-1, &signals, SFD_CLOEXEC));
  if (!fd) base::fail_with_errno(errno, "wait for signals");
  return fd;
}

void wait_for_end(const base::Fd& signals, bool ignores_input) {
  std::array<pollfd, 2> waiting{
      {{signals.get(), POLLIN, 0}, {ignores_input ? -1 : STDIN_FILENO, POLLIN, 0}}};
  std::array<char, 4096> ignored{};
  while (true) {
    if (::poll(waiting.data(), waiting.size(), -1) < 0 && errno != EINTR) return;
    if (waiting[0].revents != 0) return;
    if (waiting[1].revents != 0 && ::read(STDIN_FILENO, ignored.data(), ignored.size()) <= 0) {
      return;
    }
  }
}

std::unique_ptr<servers::Server> start(const Arguments& arguments) {
  std::string extra;
  if (!arguments.extra_file.empty()) {
    constexpr std::uint64_t kMaxFile = 1 << 20U;
    const auto bytes = base::read_file(base::real_file_system(), arguments.extra_file, kMaxFile);
    if (!bytes)
      base::fail(base::ErrorCode::kIo, "read {}: there is no such file", arguments.extra_file);
    extra = base::as_text(*bytes);
  }
  if (arguments.is_cyrus) {
    servers::CyrusOptions options;
    options.users = arguments.server.users;
    options.extra = extra;
    return std::make_unique<servers::Cyrus>(options);
  }
  servers::DovecotOptions options = arguments.server;
  options.extra = extra;
  return std::make_unique<servers::Dovecot>(options);
}

void serve(const Arguments& arguments) {
  const base::Fd signals = block_signals();
  const std::unique_ptr<servers::Server> server = start(arguments);
  std::uint64_t seed = arguments.seed;
  const std::vector<std::string>& users = arguments.server.users;
  if (arguments.messages > 0) {
    for (const std::string& user : users) {
      servers::fill_account(*server, user, arguments.messages, seed++);
    }
  }
  fmt::print("{}\n", describe(*server, arguments).dump(1));
  static_cast<void>(std::fflush(stdout));
  wait_for_end(signals, arguments.until_signal);
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("A private mail server on loopback, until standard input ends");
  Arguments arguments;
  declare(app, arguments);
  CLI11_PARSE(app, argc, argv);
  try {
    serve(arguments);
  } catch (const std::exception& error) {
    fmt::print(stderr, "mailstow-test-server: {}\n", error.what());
    return 1;
  }
  return 0;
}
