#include "tests/backupd/pass/stored_mail.h"

#include <set>

#include <fmt/core.h>

#include "base/bytes.h"
#include "base/file_system.h"
#include "base/terminal.h"
#include "store/folder_draft.h"
#include "store/reader.h"

namespace backupd {

namespace {

std::string receipt_line(std::uint32_t uid_validity, const store::Receipt& receipt) {
  return fmt::format("{} {} {}", uid_validity, receipt.messages, receipt.digest.hex());
}

std::multiset<std::string> reported_receipts(const AccountReport& report) {
  std::multiset<std::string> lines;
  for (const FolderReceipt& folder : report.receipts) {
    lines.insert(receipt_line(folder.uid_validity, folder.receipt));
  }
  return lines;
}

void read_folder(store::Reader& reader, const store::FolderRecord& folder, StoredMail& mail) {
  const std::string& name = folder.info.raw_name;
  store::FolderDraft draft(reader, folder);
  std::uint64_t messages = 0;
  draft.for_each([&](const store::MessageEntry& entry) {
    ++messages;
    if (draft.digest(entry.uid) != reader.digest(entry.message)) {
      mail.troubles += fmt::format("{} {}: it has another digest\n", name, entry.uid.value);
    }
    mail.folders[name][entry.uid.value] = base::as_text(reader.read_message(entry.message).bytes());
  });
  if (messages != folder.receipt.messages) {
    mail.troubles += fmt::format("{}: it has {} messages, and its receipt says {}\n", name,
                                 messages, folder.receipt.messages);
  }
}

}  // namespace

StoredMail read_back(const store::Location& location, const std::string& account,
                     const AccountReport* report) {
  StoredMail mail;
  store::Reader reader = store::Reader::open(location, base::real_file_system());
  const auto snapshot = reader.newest_snapshot(account);
  if (!snapshot) {
    if (report != nullptr) mail.troubles = "the account has no snapshot\n";
    return mail;
  }
  std::multiset<std::string> lines;
  for (const store::FolderRecord& folder : reader.folders(*snapshot)) {
    if (folder.info.completeness == store::FolderCompleteness::kContainer) continue;
    lines.insert(receipt_line(folder.info.uid_validity, folder.receipt));
    read_folder(reader, folder, mail);
  }
  if (report != nullptr && lines != reported_receipts(*report)) {
    mail.troubles += "its receipts are not those that were reported\n";
  }
  return mail;
}

std::string counts_of(const StoredMail& mail) {
  std::string text;
  for (const auto& [name, messages] : mail.folders) {
    if (!text.empty()) text += ", ";
    text += base::escape_for_terminal(name) + ' ' + std::to_string(messages.size());
  }
  return text;
}

}  // namespace backupd
