// A private Courier IMAP 5.0, run from the directory where scripts/fetch_servers unpacked it.
//
// Everything is below INBOX; EXAMINE reports no UIDNEXT; a quota root has no limits; an empty INBOX
// gets a new UIDVALIDITY in each session. It takes two seconds for each folder that is deleted.
#pragma once

#include <string>
#include <vector>

#include "tests/servers/preauth_server.h"

namespace servers {

class Courier final : public PreauthServer {
 public:
  explicit Courier(std::vector<std::string> users = {"alice", "bob"});

  char separator() const override { return '.'; }
  std::string personal_prefix() const override { return "INBOX."; }

 private:
  void configure() override;
  Command command() const override;
};

}  // namespace servers
