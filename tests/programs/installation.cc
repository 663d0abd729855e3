#include "tests/programs/installation.h"

#include <algorithm>
#include <chrono>
#include <fstream>

#include <gtest/gtest.h>

#include "base/clock.h"
#include "base/error.h"
#include "store/tree_record.h"
#include "store/writer.h"

namespace programs {

namespace {

std::vector<std::string> command_line(const std::string& program, const base::Path& config,
                                      const std::vector<std::string>& arguments) {
  std::vector<std::string> command = {std::string(MAILSTOW_BIN_DIRECTORY) + "/" + program,
                                      "--config", config.string()};
  command.insert(command.end(), arguments.begin(), arguments.end());
  return command;
}

json parse(const servers::ProcessResult& result, int status) {
  EXPECT_EQ(result.status, status) << result.err << result.out;
  return json::parse(result.out, nullptr, false);
}

}  // namespace

Installation::Installation() {
  config_ = {{"store",
              {{"path", store().string()},
               {"index", index().string()},
               {"key_file", key_file().string()}}}};
}

Installation::Installation(const servers::Server& server) : Installation() {
  config_["servers"]["main"] = {
      {"url", server.imap_url()},
      {"ca_file", server.ca_file().string()},
      {"admin",
       {{"user", servers::Server::admin()},
        {"password_file", server.password_file(servers::Server::admin()).string()}}}};
  config_["accounts"] = {{{"name", "alice"}, {"server", "main"}},
                         {{"name", "bob"}, {"server", "main"}}};
  save();
}

Installation::Installation(const servers::Server& server, const std::vector<std::string>& users)
    : Installation() {
  config_["servers"]["main"] = {{"url", server.plain_url()}, {"tls", "none"}};
  config_["accounts"] = json::array();
  for (const std::string& user : users) {
    config_["accounts"].push_back({{"name", user},
                                   {"server", "main"},
                                   {"password_file", server.password_file(user).string()}});
  }
  save();
}

void Installation::save() {
  std::ofstream(config_file()) << config_.dump(2);
}

void Installation::make_store() const {
  store::init({store(), index(), key_file()}, base::real_file_system(), base::system_clock());
}

std::vector<std::string> Installation::backupd_command(
    const std::vector<std::string>& arguments) const {
  return command_line("mailstow-backupd", config_file(), arguments);
}

std::vector<std::string> Installation::restore_command(
    const std::vector<std::string>& arguments) const {
  if (std::ranges::find(arguments, "sweep") != arguments.end()) end_short_trees();
  return command_line("mailstow-restore", config_file(), arguments);
}

void Installation::end_short_trees() const {
  constexpr std::chrono::seconds kShort{5};
  try {
    auto records =
        store::TreeRecords::open({store(), index(), key_file()}, base::real_file_system());
    const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    for (store::TreeRecord& record : records.list().records) {
      if (record.expires <= now || record.expires > now + kShort) continue;
      record.expires = now;
      records.put(record);
    }
  } catch (const base::Error&) {
    // The program that is about to run reports it.
  }
}

servers::ProcessResult Installation::backupd(const std::vector<std::string>& arguments) const {
  return servers::run_program(backupd_command(arguments));
}

servers::ProcessResult Installation::restore(const std::vector<std::string>& arguments) const {
  return servers::run_program(restore_command(arguments));
}

json Installation::backupd_json(std::vector<std::string> arguments, int status) const {
  arguments.push_back("--json");
  return parse(backupd(arguments), status);
}

json Installation::restore_json(std::vector<std::string> arguments, int status) const {
  arguments.push_back("--json");
  return parse(restore(arguments), status);
}

json find_by(const json& list, const std::string& key, const std::string& value) {
  for (const json& element : list) {
    if (element.at(key) == value) return element;
  }
  return nullptr;
}

}  // namespace programs
