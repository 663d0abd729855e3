#include "tests/servers/poison_server.h"

#include <chrono>
#include <fstream>
#include <stdexcept>
#include <thread>

#include <unistd.h>

namespace servers {

namespace {

std::vector<std::string> poison_command(const base::Path& directory,
                                        const std::vector<std::string>& options) {
  std::vector<std::string> command = {"/usr/bin/python3", "-B",
                                      std::string(MAILSTOW_SERVERS_DIRECTORY) + "/poison_server.py",
                                      "--port-file", (directory / "port").string()};
  command.insert(command.end(), options.begin(), options.end());
  return command;
}

}  // namespace

PoisonServer::PoisonServer(const std::vector<std::string>& options)
    : process_(poison_command(directory_.path(), options), {"PATH=/usr/bin:/bin"},
               {::getuid(), ::getgid()}, directory_.path() / "log") {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (port_ == 0) {
    std::ifstream(directory_.path() / "port") >> port_;
    if (!process_.is_running() || std::chrono::steady_clock::now() > deadline) {
      throw std::runtime_error("the poison server did not start");
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

std::string PoisonServer::url() const {
  return "imap://127.0.0.1:" + std::to_string(port_);
}

}  // namespace servers
