// The page as it runs: the desk, a web server for users, and one for staff behind a proxy that
// names the person.
//
//   PagePrograms page(mailstow);  // changes the configuration
//   page.start();
//   WebClient alice = page.owner("alice");
#pragma once

#include <filesystem>
#include <fstream>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "tests/programs/installation.h"
#include "tests/programs/listening_program.h"
#include "tests/servers/server.h"
#include "tests/web/web_client.h"

namespace web {

class PagePrograms {
 public:
  // `self`: more settings of web.self. `people`: those of the staff; with none of them, there is no
  // web server for staff.
  explicit PagePrograms(programs::Installation& mailstow, const json& self = json::object(),
                        const json& people = json::array())
      : mailstow_(mailstow), has_staff_(!people.empty()) {
    json& web = mailstow_.config()["web"];
    web["self"] = {
        {"accounts", {"*"}}, {"socket", at("desk-self").string()}, {"refusal_after", "1s"}};
    web["self"].update(self);
    if (has_staff_) {
      web["staff"] = {{"socket", at("desk-staff").string()}, {"people", people}};
    }
    mailstow_.save();
  }

  // `environment`: of the desk.
  void start(std::vector<std::string> environment = {}) {
    desk_.emplace(mailstow_.restore_command({"desk"}), at("desk-self"), at("desk.log"),
                  std::move(environment));
    start_web("self", users_, json::object());
    if (has_staff_) {
      start_web("staff", staff_, {{"instance", "staff"}, {"user_header", "Remote-User"}});
    }
  }

  WebClient visitor() const { return WebClient(users_->socket()); }

  // Fails unless the login succeeds.
  WebClient owner(const std::string& user) const {
    WebClient client = visitor();
    expect_login(client.log_in(user, servers::Server::password(user)));
    return client;
  }
  WebClient staff(const std::string& person) const {
    WebClient client(staff_->socket(), person);
    expect_login(client.change("POST", "/api/v1/session"));
    return client;
  }

  programs::ListeningProgram& desk() { return *desk_; }
  programs::ListeningProgram& users() { return *users_; }  // the web server for users

 private:
  base::Path at(const std::string& name) const { return mailstow_.directory() / name; }

  void start_web(const std::string& name, std::optional<programs::ListeningProgram>& program,
                 json settings) {
    settings["desk"] = at("desk-" + name).string();
    settings["socket"] = at("web-" + name).string();
    settings["url"] = "https://restore.example.org";
    const base::Path file = at("web-" + name + ".json");
    std::ofstream(file) << settings;
    const base::Path restore = mailstow_.restore_command({}).front();
    program.emplace(std::vector<std::string>{(restore.parent_path() / "mailstow-web").string(),
                                             "--config", file.string(), "serve"},
                    at("web-" + name), at("web-" + name + ".log"));
  }

  static void expect_login(const WebAnswer& answer) {
    if (answer.status != 200) throw std::runtime_error("login at the page: " + answer.body);
  }

  programs::Installation& mailstow_;
  bool has_staff_;
  std::optional<programs::ListeningProgram> desk_;
  std::optional<programs::ListeningProgram> users_;
  std::optional<programs::ListeningProgram> staff_;
};

// "/api/v1/accounts/alice/trees"
inline std::string of_account(const std::string& account, const std::string& path) {
  return "/api/v1/accounts/" + account + path;
}

}  // namespace web
