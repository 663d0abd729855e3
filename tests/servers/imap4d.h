// A private GNU Mailutils imap4d 3.15, run from the directory where scripts/fetch_servers unpacked
// it. It refuses keywords, and LSUB where the user has no home directory.
#pragma once

#include <string>
#include <vector>

#include "tests/servers/preauth_server.h"

namespace servers {

enum class MailFormat {
  // The default of imap4d. Messages get headers of its own when their folder is opened, in the
  // first two sessions.
  kMbox,
  // Flags and dates of appended messages are dropped; INTERNALDATE is the time of the FETCH.
  // Messages get another UID in each session until their folder was opened with SELECT.
  kMaildir
};

class Imap4d final : public PreauthServer {
 public:
  explicit Imap4d(MailFormat format, std::vector<std::string> users = {"alice", "bob"});

  char separator() const override { return '/'; }

 private:
  void configure() override;
  Command command() const override;

  MailFormat format_;
};

}  // namespace servers
