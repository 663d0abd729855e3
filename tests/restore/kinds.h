// For tests that run on each kind of server.
#pragma once

#include <memory>
#include <string>

#include "tests/programs/installation.h"
#include "tests/servers/cyrus.h"
#include "tests/servers/dovecot.h"

namespace restore {

enum class Kind { kDovecot, kCyrus };

inline std::string name_of(Kind kind) {
  return kind == Kind::kDovecot ? "Dovecot" : "Cyrus";
}

inline std::unique_ptr<servers::Server> make_server(Kind kind) {
  if (kind == Kind::kCyrus) return std::make_unique<servers::Cyrus>();
  return std::make_unique<servers::Dovecot>();
}

// Cyrus allows only its admins to create a quota root, and mailstow's admin login is not one of
// them.
inline void let_set_quotas(programs::Installation& mailstow, const servers::Server& server) {
  if (dynamic_cast<const servers::Cyrus*>(&server) == nullptr) return;
  mailstow.config()["servers"]["main"]["quota_admin"] = {
      {"user", servers::Cyrus::quota_admin()},
      {"password_file", server.password_file(servers::Cyrus::quota_admin()).string()}};
  mailstow.save();
}

}  // namespace restore
