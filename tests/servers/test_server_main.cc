// mailstow-test-server: the tests' Dovecot for scripts and for trying things out by hand.
//
// Prints one JSON document (where it is, who its users are) and serves until its standard input
// ends.

#include <cstdio>
#include <exception>
#include <string>

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

#include "tests/servers/account_filler.h"
#include "tests/servers/dovecot.h"

namespace {

struct Arguments {
  servers::DovecotOptions server;
  std::size_t messages = 0;
  std::uint64_t seed = 1;
  bool keeps = false;
};

void declare(CLI::App& app, Arguments& arguments) {
  app.add_option("--user", arguments.server.users, "A user; may be given again")
      ->capture_default_str();
  app.add_option("--messages", arguments.messages, "Generated messages for each user");
  app.add_option("--seed", arguments.seed, "What they are generated from");
  app.add_option("--separator", arguments.server.separator, "Between the levels of a folder name");
  app.add_option("--quota-kib", arguments.server.quota_kib, "The users' quota");
  app.add_flag_callback(
      "--no-exemption", [&] { arguments.server.exemption = servers::QuotaExemption::kNone; },
      "RESTORED counts towards the quota");
  app.add_flag("--keep", arguments.keeps, "Leave the server's folder behind");
}

nlohmann::json describe(const servers::Dovecot& server) {
  nlohmann::json users = nlohmann::json::object();
  for (const std::string& user : server.options().users) {
    users[user] = {{"password_file", server.password_file(user).string()}};
  }
  return {{"imap_url", server.imap_url()},
          {"imaps_url", server.imaps_url()},
          {"plain_url", server.plain_url()},
          {"ca_file", server.ca_file().string()},
          {"admin", servers::Dovecot::admin()},
          {"admin_password_file", server.password_file(servers::Dovecot::admin()).string()},
          {"users", users},
          {"folder", server.folder().string()}};
}

void serve(const Arguments& arguments) {
  servers::Dovecot server(arguments.server);
  if (arguments.keeps) server.keep_folder();
  std::uint64_t seed = arguments.seed;
  if (arguments.messages > 0) {
    for (const std::string& user : arguments.server.users) {
      servers::fill_account(server, user, arguments.messages, seed++);
    }
  }
  std::puts(describe(server).dump(1).c_str());
  std::fflush(stdout);
  while (std::getchar() != EOF) {
  }
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("A private Dovecot on loopback, until standard input ends");
  Arguments arguments;
  declare(app, arguments);
  CLI11_PARSE(app, argc, argv);
  try {
    serve(arguments);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "mailstow-test-server: %s\n", error.what());
    return 1;
  }
  return 0;
}
