// A desk in the process of the test, and requests to it over a pair of sockets.
#pragma once

#include <array>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>

#include <nlohmann/json.hpp>
#include <sys/socket.h>

#include "base/config/found_accounts.h"
#include "base/program/program.h"
#include "restore/desk/desk.h"
#include "tests/programs/installation.h"
#include "tests/unix_socket.h"

namespace desk {

using programs::json;

class LocalDesk {
 public:
  LocalDesk(const programs::Installation& mailstow, base::Clock& clock)
      : environment_{base::load_config(base::real_file_system(), mailstow.config_file()),
                     base::OutputFormat::kJson,
                     base::real_file_system(),
                     clock,
                     mailstow.config_file(),
                     base::invoker(),
                     std::nullopt} {
    start();
  }

  // As if it were stopped and started again.
  void start() {
    desk_.reset();
    desk_.emplace(environment_);
  }

  // Everything that the desk sends.
  std::string exchange(Door door, const std::string& bytes) {
    std::array<int, 2> ends{};
    if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
      throw std::runtime_error("socketpair");
    }
    base::Fd ours(ends[0]);
    std::thread answering([&] {
      Connection connection(base::Fd(ends[1]), std::chrono::seconds(30));
      desk_->answer(connection, door);
    });
    tests::send_to(ours, bytes);
    ::shutdown(ours.get(), SHUT_WR);
    std::string answer = tests::read_to_end(ours);
    answering.join();
    return answer;
  }

  // The first line of the answer.
  json ask(Door door, json request) {
    if (!request.contains("client")) request["client"] = "192.0.2.7";
    const std::string answer = exchange(door, request.dump() + "\n");
    return json::parse(answer.substr(0, answer.find('\n')), nullptr, false);
  }

  std::string staff_session(const std::string& person) {
    return ask(Door::kStaff, {{"request", "login"}, {"name", person}}).value("session", "");
  }

  // A session of an account's owner without a login.
  std::string owner_session(const std::string& account, std::uint64_t sequence = 0) {
    return desk_->sessions()
        .begin({.id = {},
                .door = Door::kSelf,
                .role = Role::kOwner,
                .person = account,
                .account = account,
                .sequence = sequence,
                .client = "192.0.2.7"},
               std::chrono::hours(2))
        .value();
  }

  Desk& desk() { return *desk_; }

 private:
  base::Environment environment_;
  std::optional<Desk> desk_;
};

}  // namespace desk
