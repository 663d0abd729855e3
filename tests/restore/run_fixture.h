// An account on a real Dovecot, and helpers for tests of `mailstow-restore run`.
#pragma once

#include <utility>

#include <gtest/gtest.h>

#include "tests/programs/installation.h"
#include "tests/servers/account_state.h"
#include "tests/servers/dovecot.h"

namespace restore {

class RunTest : public testing::Test {
 protected:
  explicit RunTest(servers::DovecotOptions options = {}) : server_(std::move(options)) {
    mailstow_.make_store();
  }

  void back_up() { mailstow_.backupd_json({"once", "--account", "alice"}); }

  servers::AccountState state() { return servers::account_state(server_, "alice"); }

  void delete_everything() {
    auto alice = server_.client("alice");
    for (const auto& [raw_name, folder] : state().folders) {
      if (raw_name != "INBOX") alice.try_command("DELETE " + servers::quote(raw_name));
    }
    alice.command("SELECT INBOX");
    alice.try_command("STORE 1:* +FLAGS.SILENT \\Deleted");
    alice.command("EXPUNGE");
  }

  servers::Dovecot server_;
  programs::Installation mailstow_{server_};
};

}  // namespace restore
