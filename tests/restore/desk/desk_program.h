// `mailstow-restore desk` as a program, and a web server's side of its socket.
#pragma once

#include <array>
#include <chrono>
#include <csignal>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/handle.h"
#include "tests/programs/installation.h"
#include "tests/servers/process.h"

namespace desk {

using programs::json;

class DeskProgram {
 public:
  // The configuration must name `socket`.
  DeskProgram(const programs::Installation& mailstow, base::Path socket)
      : mailstow_(mailstow), socket_(std::move(socket)) {
    start();
  }

  void start() {
    process_ = std::make_unique<servers::Process>(
        mailstow_.restore_command({"desk"}), std::vector<std::string>(),
        servers::Account{::getuid(), ::getgid()}, mailstow_.directory() / "desk.log");
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    while (!connect()) {
      if (!process_->is_running() || std::chrono::steady_clock::now() > end) {
        throw std::runtime_error("the desk does not start");
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
  }

  // SIGKILL: to the desk alone, not to the restores that it started.
  void kill() {
    ::kill(process_->pid(), SIGKILL);
    while (process_->is_running()) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }

  void stop() { process_->end(std::chrono::seconds(30)); }

  // Everything that the desk sends.
  std::string exchange(const std::string& bytes) const {
    const base::Fd connection = connect();
    if (!connection) throw std::runtime_error("the desk does not listen");
    static_cast<void>(::send(connection.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL));
    std::string answer;
    std::array<char, 65'536> piece{};
    for (ssize_t got = 0; (got = ::recv(connection.get(), piece.data(), piece.size(), 0)) > 0;) {
      answer.append(piece.data(), static_cast<std::size_t>(got));
    }
    return answer;
  }

  json ask(json request) const {
    if (!request.contains("client")) request["client"] = "192.0.2.7";
    return json::parse(exchange(request.dump() + "\n"), nullptr, false);
  }

 private:
  base::Fd connect() const {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string path = socket_.string();
    if (path.size() >= sizeof address.sun_path) throw std::runtime_error("path too long");
    std::memcpy(address.sun_path, path.data(), path.size());
    base::Fd connection(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    const int connected =
        ::connect(connection.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
    return connected == 0 ? std::move(connection) : base::Fd();
  }

  const programs::Installation& mailstow_;
  base::Path socket_;
  std::unique_ptr<servers::Process> process_;
};

}  // namespace desk
