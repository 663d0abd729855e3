#include "tests/servers/imap4d.h"

#include <filesystem>
#include <utility>

#include <fmt/format.h>

namespace servers {

namespace {

constexpr auto kImap4d = R"(preauth stdio;
mailbox {{
  mailbox-pattern "{format}://{home}/inbox";
  mailbox-type {format};
}};
namespace personal {{
  prefix "" {{
    directory "{home}/mail";
    delimiter "/";
    mailbox-type {format};
  }};
}};
logging {{
  syslog no;
}};
)";

}  // namespace

Imap4d::Imap4d(MailFormat format, std::vector<std::string> users)
    : PreauthServer(std::move(users)), format_(format) {
  start_first();
}

void Imap4d::configure() {
  configure_front();
  for (const std::string& user : users()) {
    make_directory(home(user) / "mail");
    const base::Path inbox = home(user) / "inbox";
    if (format_ == MailFormat::kMaildir) {
      make_directory(inbox);
      for (const char* name : {"cur", "new", "tmp"}) make_directory(inbox / name);
    } else if (!std::filesystem::exists(directory() / inbox)) {
      write(inbox, "");
    }
    write(home(user) / "imap4d.conf",
          fmt::format(kImap4d, fmt::arg("home", (directory() / home(user)).string()),
                      fmt::arg("format", format_ == MailFormat::kMbox ? "mbox" : "maildir")));
  }
}

Server::Command Imap4d::command() const {
  return front("imap4d", {"usr/sbin/imap4d", "--inetd", "--preauth", "--config-file=imap4d.conf"},
               {}, "imap4d");
}

}  // namespace servers
