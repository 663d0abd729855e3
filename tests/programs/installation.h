// mailstow as an administrator installs it: a configuration for one server, a store, both programs.
//
//   Installation mailstow(server);
//   mailstow.backupd({"init"});
//   json report = mailstow.backupd_json({"once"});
#pragma once

#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/file_system.h"
#include "tests/servers/process.h"
#include "tests/servers/server.h"
#include "tests/temporary_directory.h"

namespace programs {

using nlohmann::json;

class Installation {
 public:
  // Without servers and accounts: they are up to the test.
  Installation();

  // For the accounts alice and bob, acted as by the server's admin, over STARTTLS.
  explicit Installation(const servers::Server& server);

  // For these accounts, each logged in with its own password, without TLS.
  Installation(const servers::Server& server, const std::vector<std::string>& users);

  // The configuration; change it, then save() writes it.
  json& config() { return config_; }
  void save();

  // What `mailstow-backupd init` does, without the start of a program, in the places below.
  void make_store() const;

  // With --config in front of `arguments`. Before a sweep, trees with a few seconds left are made
  // due, so that no test waits for them: `run --expire-after 1s` makes a tree that the next sweep
  // deletes.
  servers::ProcessResult backupd(const std::vector<std::string>& arguments) const;
  servers::ProcessResult restore(const std::vector<std::string>& arguments) const;
  std::vector<std::string> backupd_command(const std::vector<std::string>& arguments) const;
  std::vector<std::string> restore_command(const std::vector<std::string>& arguments) const;

  // With --json behind. Fails the test unless the exit status is `status`.
  json backupd_json(std::vector<std::string> arguments, int status = 0) const;
  json restore_json(std::vector<std::string> arguments, int status = 0) const;

  const base::Path& directory() const { return directory_.path(); }
  base::Path store() const { return directory_.path() / "store"; }
  base::Path index() const { return directory_.path() / "index"; }
  base::Path key_file() const { return directory_.path() / "store.key"; }
  base::Path config_file() const { return directory_.path() / "mailstow.json"; }

 private:
  void end_short_trees() const;

  tests::TemporaryDirectory directory_;
  json config_;
};

// The element of a list in a report of once or run whose `key` is `value`; null if not found.
json find_by(const json& list, const std::string& key, const std::string& value);

}  // namespace programs
