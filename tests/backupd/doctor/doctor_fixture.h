// A sound installation with one backed-up account on a real Dovecot: each test breaks one thing in
// it, which doctor must report.
#pragma once

#include <filesystem>
#include <fstream>
#include <string>

#include <gmock/gmock.h>

#include "tests/programs/installation.h"
#include "tests/servers/dovecot.h"

namespace backupd {

using programs::json;

// The first finding of the check with that state, or null.
inline json finding_in(const json& report, const std::string& check, const std::string& state) {
  for (const json& finding : report.at("findings")) {
    if (finding.at("check") == check && finding.at("state") == state) return finding;
  }
  return nullptr;
}

class DoctorFixture : public testing::Test {
 protected:
  DoctorFixture() {
    mailstow_.config()["accounts"] = {{{"name", "alice"}, {"server", "main"}}};
    mailstow_.save();
    mailstow_.make_store();
    back_up();
  }

  json& server_config() { return mailstow_.config()["servers"]["main"]; }

  void back_up() { mailstow_.backupd({"once"}); }

  json report(int status = 0) {
    mailstow_.save();
    return mailstow_.backupd_json({"doctor"}, status);
  }

  // The failure that doctor reports for the check; expects it to have a remedy.
  std::string failure_of(const std::string& check, int status = 3) {
    const json all = report(status);
    const json finding = finding_in(all, check, "failure");
    EXPECT_FALSE(finding.is_null()) << all.dump(2);
    return finding.is_null() ? "" : finding.at("what").get<std::string>();
  }

  std::string warning_of(const std::string& check) {
    const json all = report();
    const json finding = finding_in(all, check, "warning");
    EXPECT_FALSE(finding.is_null()) << all.dump(2);
    return finding.is_null() ? "" : finding.at("what").get<std::string>();
  }

  static void set_mode(const base::Path& path, unsigned mode) {
    std::filesystem::permissions(path, static_cast<std::filesystem::perms>(mode));
  }

  // A new file with a secret in it.
  base::Path secret_file(const std::string& name) {
    const base::Path path = mailstow_.directory() / name;
    std::ofstream(path) << servers::Server::password(servers::Server::admin()) << "\n";
    set_mode(path, 0600);
    return path;
  }

  servers::Dovecot server_;
  programs::Installation mailstow_{server_};
};

}  // namespace backupd
