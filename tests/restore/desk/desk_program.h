// `mailstow-restore desk` as a program, and a web server's side of its socket.
#pragma once

#include <string>
#include <utility>

#include <nlohmann/json.hpp>

#include "tests/programs/installation.h"
#include "tests/programs/listening_program.h"
#include "tests/unix_socket.h"

namespace desk {

using programs::json;

class DeskProgram : public programs::ListeningProgram {
 public:
  // The configuration must name `socket`.
  DeskProgram(const programs::Installation& mailstow, base::Path socket)
      : ListeningProgram(mailstow.restore_command({"desk"}), std::move(socket),
                         mailstow.directory() / "desk.log") {}

  // Everything that the desk sends.
  std::string exchange(const std::string& bytes) const { return tests::exchange(socket(), bytes); }

  json ask(json request) const {
    if (!request.contains("client")) request["client"] = "192.0.2.7";
    return json::parse(exchange(request.dump() + "\n"), nullptr, false);
  }
};

}  // namespace desk
