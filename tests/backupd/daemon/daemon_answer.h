// The document of a running daemon that `status --json` shows as "daemon", without the start of a
// program: for tests that wait for the daemon.
#pragma once

#include "backupd/daemon/daemon_status.h"
#include "tests/programs/installation.h"

namespace backupd {

// Null if no daemon runs. Fails with kIo if the daemon does not answer.
inline programs::json daemon_answer(const programs::Installation& mailstow) {
  base::StoreConfig store;
  store.path = mailstow.store();
  store.index = mailstow.index();
  const auto status = ask_about_daemon(store);
  return status ? programs::json(*status) : programs::json();
}

}  // namespace backupd
