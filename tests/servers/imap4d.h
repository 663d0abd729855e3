// A private GNU Mailutils imap4d 3.15, run from the directory where scripts/fetch_servers unpacked
// it, with mail in Maildirs.
//
// It drops the flags and dates of appended messages and refuses keywords. Messages get another UID
// in each session until a client has opened their folder with SELECT.
#pragma once

#include <string>
#include <vector>

#include "tests/servers/preauth_server.h"

namespace servers {

class Imap4d final : public PreauthServer {
 public:
  explicit Imap4d(std::vector<std::string> users = {"alice", "bob"});

  char separator() const override { return '/'; }

 private:
  void configure() override;
  Command command() const override;
};

}  // namespace servers
