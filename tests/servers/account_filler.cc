#include "tests/servers/account_filler.h"

#include <algorithm>

#include "tests/servers/mail_generator.h"
#include "tests/servers/server.h"

namespace servers {

std::vector<std::string> sample_folders(const Server& server) {
  std::vector<std::string> names = {
      "Archive",
      "Archive/2023",
      "Archive/2023/Invoices &- receipts",
      "Archive/2024",
      "Entw&APw-rfe",              // Entwürfe
      "Entw&APw-rfe/Gr&APYA3w-e",  // Größe
      "&ZeVnLIqe-",                // 日本語
      "&ZeVnLIqe-/&ZyqKrQ-",       // 未読
      "Lists/&A5UDuwO7A6wDtAOx-",  // Ελλάδα; "Lists" itself is never created
  };
  for (std::string& name : names) {
    std::replace(name.begin(), name.end(), '/', server.separator());
    name.insert(0, server.personal_prefix());
  }
  return names;
}

std::map<std::string, std::size_t> fill_account(const Server& server, std::string_view user,
                                                std::size_t messages, std::uint64_t seed) {
  std::vector<std::string> folders = sample_folders(server);
  ImapClient client = server.client(user);
  for (const std::string& folder : folders) client.command("CREATE " + quote(folder));
  folders.emplace_back("INBOX");
  MailGenerator generator(seed);
  Random random(seed);
  std::map<std::string, std::vector<Delivery>> mail;
  for (std::size_t left = messages; left > 0; --left) {
    mail[folders.at(random.below(folders.size()))].push_back(generator.delivery());
  }
  std::map<std::string, std::size_t> counts;
  for (const std::string& folder : folders) {
    client.command("SUBSCRIBE " + quote(folder));
    client.append(folder, mail[folder]);
    counts[folder] = mail[folder].size();
  }
  return counts;
}

}  // namespace servers
