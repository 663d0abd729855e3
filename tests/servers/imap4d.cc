#include "tests/servers/imap4d.h"

#include <utility>

#include <fmt/format.h>

namespace servers {

namespace {

constexpr auto kImap4d = R"(preauth stdio;
mailbox {{
  mailbox-pattern "maildir://{home}/inbox";
  mailbox-type maildir;
}};
namespace personal {{
  prefix "" {{
    directory "{home}/mail";
    delimiter "/";
    mailbox-type maildir;
  }};
}};
logging {{
  syslog no;
}};
)";

}  // namespace

Imap4d::Imap4d(std::vector<std::string> users) : PreauthServer(std::move(users)) {
  start_first();
}

void Imap4d::configure() {
  configure_front();
  for (const std::string& user : users()) {
    make_directory(home(user) / "mail");
    make_directory(home(user) / "inbox");
    for (const char* name : {"cur", "new", "tmp"}) make_directory(home(user) / "inbox" / name);
    write(home(user) / "imap4d.conf",
          fmt::format(kImap4d, fmt::arg("home", (folder() / home(user)).string())));
  }
}

Server::Command Imap4d::command() const {
  return front("imap4d", {"usr/sbin/imap4d", "--inetd", "--preauth", "--config-file=imap4d.conf"},
               {}, "imap4d");
}

}  // namespace servers
