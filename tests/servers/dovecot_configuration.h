// The configuration file of a test's Dovecot.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/file_system.h"
#include "tests/servers/certificates.h"
#include "tests/servers/ports.h"
#include "tests/servers/server_user.h"

namespace servers {

// The folders that the server excludes from a user's quota.
enum class QuotaExemption {
  kTree,     // RESTORED and the folders below it, as mailstow requires
  kTopOnly,  // RESTORED, but not the folders below it: an incomplete setup
  kNone,
};

enum class Syncing {
  kNever,  // fast; tests need not survive a power failure
  kReal,   // Dovecot's default: for measuring
};

struct DovecotOptions {
  std::vector<std::string> users = {"alice", "bob"};
  char separator = '/';
  std::string prefix;                          // of the names of a user's own folders, except INBOX
  std::string location = "maildir:~/Maildir";  // mail_location
  std::uint64_t quota_kib = std::uint64_t{2} * 1024 * 1024;
  QuotaExemption exemption = QuotaExemption::kTree;
  Syncing syncing = Syncing::kNever;
  std::string extra;  // further lines, at the end of the file
};

// Paths below the directory of the server.
base::Path mail_directory(const base::Path& directory);
base::Path users_file(const base::Path& directory);
base::Path admins_file(const base::Path& directory);
base::Path log_file(const base::Path& directory);

std::string dovecot_configuration(const DovecotOptions& options, const Ports& ports,
                                  const Certificates& certificates, const ServerUser& user,
                                  const base::Path& directory);

}  // namespace servers
