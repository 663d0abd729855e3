#include "tests/bench/served_mail.h"

#include <fmt/core.h>

#include "tests/bench/bench_store.h"
#include "tests/bench/program.h"
#include "tests/text_of.h"

namespace bench {

ServedMail serve(servers::Dovecot& server, const std::string& user, const base::Path& mail) {
  ServedMail served;
  auto maildir = server.maildir(user);
  for (const MailFolder& folder : mail_below(mail)) {
    served.folders.push_back(served_name(served.folders.size()));
    for (const base::Path& path : folder.messages) {
      std::string text = with_crlf(tests::text_of(path));
      if (text.empty()) continue;
      served.megabytes += static_cast<double>(text.size()) / 1e6;
      maildir.deliver(served.folders.back(), {std::move(text)});
      ++served.messages;
    }
  }
  return served;
}

servers::DovecotOptions in_few_files() {
  servers::DovecotOptions options;
  options.extra = "mail_location = mdbox:~/mdbox\n";
  return options;
}

std::string with_crlf(const std::string& text) {
  std::string mail;
  mail.reserve(text.size() + text.size() / 32);
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '\n' && (at == 0 || text[at - 1] != '\r')) mail += '\r';
    mail += text[at];
  }
  return mail;
}

std::string served_name(std::size_t folder) {
  return fmt::format("Folder {}", folder);
}

}  // namespace bench
