#include "tests/servers/account_filler.h"

#include <algorithm>

#include "tests/servers/dovecot.h"
#include "tests/servers/mail_generator.h"

namespace servers {

std::vector<std::string> sample_folders(char separator) {
  std::vector<std::string> names = {
      "Archive",
      "Archive/2023",
      "Archive/2023/Invoices &- receipts",
      "Archive/2024",
      "Entw&APw-rfe",              // Entwürfe
      "Entw&APw-rfe/Gr&APYA3w-e",  // Größe
      "&ZeVnLIqe-",                // 日本語
      "&ZeVnLIqe-/&ZyqKrQ-",       // 未読
      "Lists/&A5UDuwO7A6wDtAOx-",  // Ελλάδα; "Lists" itself is never made
  };
  for (std::string& name : names) std::replace(name.begin(), name.end(), '/', separator);
  return names;
}

std::map<std::string, std::size_t> fill_account(const Dovecot& server, std::string_view user,
                                                std::size_t messages, std::uint64_t seed) {
  Maildir maildir = server.maildir(user);
  std::vector<std::string> folders = sample_folders(server.options().separator);
  folders.emplace_back("INBOX");
  std::map<std::string, std::size_t> counts;
  ImapClient client = server.client(user);
  for (const std::string& folder : folders) {
    maildir.make_folder(folder);
    client.command("SUBSCRIBE " + quote(folder));
    counts[folder] = 0;
  }
  MailGenerator generator(seed);
  Random random(seed);
  for (std::size_t left = messages; left > 0; --left) {
    const std::string& folder = folders.at(random.below(folders.size()));
    maildir.deliver(folder, generator.delivery());
    ++counts[folder];
  }
  return counts;
}

}  // namespace servers
