#include "tests/servers/preauth_server.h"

#include <utility>

#include "tests/servers/unpacked_server.h"
#include "tests/text_of.h"

namespace servers {

namespace {

constexpr auto kFrontPython = "/usr/bin/python3";
constexpr auto kFront = "preauth_front.py";

}  // namespace

void PreauthServer::configure_front() {
  make_directory("homes");
  std::string lines;
  for (const std::string& name : users_) {
    lines += name + ':' + password(name) + '\n';
    write_password(name);
    make_directory(home(name));
  }
  write("users", lines);
  // A copy, because the server's user may not enter the directory of the sources.
  write(kFront, tests::text_of(base::Path(MAILSTOW_SERVERS_DIRECTORY) / kFront));
}

Server::Command PreauthServer::front(const std::string& unpacked, std::vector<std::string> program,
                                     std::vector<std::string> environment,
                                     const std::string& session) const {
  std::vector<std::string> arguments = {kFrontPython, (directory() / kFront).string(),
                                        "--host",     std::string(kPlainHost),
                                        "--port",     std::to_string(ports().plain.number()),
                                        "--users",    (directory() / "users").string(),
                                        "--homes",    (directory() / "homes").string(),
                                        "--"};
  program.front() = (unpacked_server(unpacked) / program.front()).string();
  arguments.insert(arguments.end(), program.begin(), program.end());
  environment.emplace_back("PATH=/usr/sbin:/usr/bin:/sbin:/bin");
  environment.push_back("LD_LIBRARY_PATH=" + libraries_of(unpacked));
  return {std::move(arguments), std::move(environment), session};
}

}  // namespace servers
