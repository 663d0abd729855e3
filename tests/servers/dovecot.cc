#include "tests/servers/dovecot.h"

#include <filesystem>
#include <vector>

namespace servers {

namespace {

constexpr auto kProgram = "/usr/sbin/dovecot";

bool is_index_file(std::string_view name) {
  return name.starts_with("dovecot.index") || name.starts_with("dovecot.list.index") ||
         name.starts_with("dovecot.mailbox.log");
}

bool is_index_or_uid_file(std::string_view name) {
  return is_index_file(name) || name == "dovecot-uidlist";
}

std::string password_line(const std::string& name) {
  return name + ":{PLAIN}" + Server::password(name) + "::::::\n";
}

}  // namespace

Dovecot::Dovecot(DovecotOptions options) : options_(std::move(options)) {
  start_first();
}

void Dovecot::configure() {
  // A lock left behind by an earlier master would cost ten seconds.
  for (const char* name : {"run", "state"}) {
    std::filesystem::remove_all(directory() / name);
    make_directory(name);
  }
  std::vector<std::string> names = options_.users;
  names.push_back(admin());
  std::string users;
  make_directory(mail_directory({}));
  for (const std::string& name : names) {
    users += password_line(name);
    write_password(name);
    make_directory(mail_directory({}) / name);
  }
  write(users_file({}), users);
  write(admins_file({}), password_line(admin()));
  write("dovecot.conf",
        dovecot_configuration(options_, ports(), certificates(), user(), directory()));
}

Server::Command Dovecot::command() const {
  return {{kProgram, "-F", "-c", (directory() / "dovecot.conf").string()},
          {"PATH=/usr/sbin:/usr/bin:/sbin:/bin"},
          "imap"};
}

Maildir Dovecot::maildir(std::string_view user_name) const {
  return {mail_directory(directory()) / user_name / "Maildir", options_.separator, user()};
}

void Dovecot::restart() {
  restart(options_);
}

void Dovecot::restart(DovecotOptions options) {
  stop();
  options_ = std::move(options);
  start();
}

void Dovecot::remove_files(std::string_view user_name, bool (*choose)(std::string_view name)) {
  // An open session keeps its state in memory and writes it back.
  break_connections();
  std::vector<base::Path> chosen;
  const base::Path home = mail_directory(directory()) / user_name;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(home)) {
    if (choose(entry.path().filename().string())) chosen.push_back(entry.path());
  }
  for (const base::Path& path : chosen) std::filesystem::remove_all(path);
}

void Dovecot::lose_index_files(std::string_view user_name) {
  remove_files(user_name, is_index_file);
}

void Dovecot::lose_uids(std::string_view user_name) {
  remove_files(user_name, is_index_or_uid_file);
}

std::string Dovecot::log() const {
  return Server::log() + read_log(log_file(directory()));
}

}  // namespace servers
