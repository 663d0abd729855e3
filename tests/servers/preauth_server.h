// The base of servers whose program begins logged in on its standard input and output: a front in
// Python (preauth_front.py) logs clients in and starts it for each connection. There is neither TLS
// nor an admin: only plain_url() is served.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "tests/servers/server.h"

namespace servers {

class PreauthServer : public Server {
 public:
  bool takes_literals_at_once() const override { return false; }

 protected:
  explicit PreauthServer(std::vector<std::string> users) : users_(std::move(users)) {}

  const std::vector<std::string>& users() const { return users_; }

  // The directory in which the program runs for a user, relative to directory().
  static base::Path home(const std::string& user) { return base::Path("homes") / user; }

  // Creates the directories and files of the front. For configure().
  void configure_front();

  // Runs the front with this program, whose libraries are those of an unpacked server.
  Command front(const std::string& unpacked, std::vector<std::string> program,
                std::vector<std::string> environment, const std::string& session) const;

 private:
  std::vector<std::string> users_;
};

}  // namespace servers
