#include "tests/servers/courier.h"

#include <utility>

namespace servers {

Courier::Courier(std::vector<std::string> users) : PreauthServer(std::move(users)) {
  start_first();
}

void Courier::configure() {
  configure_front();
  for (const std::string& user : users()) {
    const base::Path maildir = home(user) / "Maildir";
    make_directory(maildir);
    for (const char* name : {"cur", "new", "tmp"}) make_directory(maildir / name);
  }
}

// As in Debian's /etc/courier/imapd, except for locks, which need a separate program.
Server::Command Courier::command() const {
  static const std::string capability =
      "IMAP_CAPABILITY=IMAP4rev1 UIDPLUS CHILDREN NAMESPACE THREAD=ORDEREDSUBJECT "
      "THREAD=REFERENCES SORT QUOTA IDLE";
  return front(
      "courier", {"usr/bin/imapd", "Maildir"},
      {capability, "IMAP_KEYWORDS=1", "IMAP_ACL=1", "IMAP_USELOCKS=0", "IMAP_ENHANCEDIDLE=0",
       "IMAP_UMASK=022", "IMAP_EMPTYTRASH=", "IMAP_TRASHFOLDERNAME=Trash", "TCPREMOTEIP=127.0.0.1"},
      "imapd");
}

}  // namespace servers
