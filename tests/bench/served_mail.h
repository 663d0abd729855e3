// The mail to measure, in an account of a private server.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/file_system.h"
#include "tests/servers/dovecot.h"

namespace bench {

struct ServedMail {
  std::vector<std::string> folders;
  std::size_t messages = 0;
  double megabytes = 0;  // on the wire
};

// Delivers the files below `mail` to the user, one folder of the account per directory. Skips empty
// files, which Dovecot would reject.
ServedMail serve(servers::Dovecot& server, const std::string& user, const base::Path& mail);

// For folders of many messages: with one file for each, a measurement would be about the server's
// file system.
servers::DovecotOptions in_few_files();

// Converts to IMAP's line ends.
std::string with_crlf(const std::string& text);

// The name of the n-th folder.
std::string served_name(std::size_t folder);

}  // namespace bench
