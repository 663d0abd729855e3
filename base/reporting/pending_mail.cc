#include "base/reporting/pending_mail.h"

#include <utility>

#include <nlohmann/json.hpp>

#include "base/atomic_file.h"
#include "base/bytes.h"
#include "base/json_text.h"

namespace base {

namespace {

using nlohmann::ordered_json;

constexpr std::uint64_t kMaxMail = 16ULL * 1024 * 1024;

Path file_of(const StoreConfig& store, std::string_view job) {
  return store.index / "jobs" / (std::string(job) + ".letter");
}

// Earlier versions wrote one number of attempts for all recipients.
std::vector<PendingRecipient> recipients_in(const ordered_json& document) {
  std::vector<PendingRecipient> recipients;
  for (const auto& address : document.at("left")) {
    PendingRecipient recipient{.address = address.get<std::string>()};
    (document.contains("attempts") ? document.at("attempts").at(recipient.address)
                                   : document.at("begun"))
        .get_to(recipient.attempts);
    recipients.push_back(std::move(recipient));
  }
  return recipients;
}

}  // namespace

std::optional<PendingMail> load_pending_mail(FileSystem& files, const StoreConfig& store,
                                             std::string_view job) {
  const auto bytes = read_file(files, file_of(store, job), kMaxMail);
  if (!bytes) return std::nullopt;
  PendingMail mail;
  try {
    const ordered_json document = parse_json(as_text(*bytes));
    mail.job = job;
    mail.written =
        std::chrono::sys_seconds(std::chrono::seconds(document.at("written").get<std::int64_t>()));
    document.at("headline").get_to(mail.headline);
    document.at("body").get_to(mail.body);
    document.at("to").get_to(mail.to);
    mail.undelivered = recipients_in(document);
    document.at("troubles").get_to(mail.troubles);
  } catch (const ordered_json::exception&) {
    return std::nullopt;
  }
  return mail;
}

void save_pending_mail(FileSystem& files, const StoreConfig& store, const PendingMail& mail) {
  auto left = ordered_json::array();
  auto attempts = ordered_json::object();
  for (const PendingRecipient& recipient : mail.undelivered) {
    left.push_back(recipient.address);
    attempts[recipient.address] = recipient.attempts;
  }
  const ordered_json document = {{"written", mail.written.time_since_epoch().count()},
                                 {"headline", mail.headline},
                                 {"body", mail.body},
                                 {"to", mail.to},
                                 {"left", left},
                                 {"attempts", attempts},
                                 {"troubles", mail.troubles}};
  const std::string text = json_line(document) + "\n";
  const Path file = file_of(store, mail.job);
  make_directories(files, file.parent_path());
  write_file(files, file, as_bytes(text), OnExisting::kReplace);
}

void remove_pending_mail(FileSystem& files, const StoreConfig& store, std::string_view job) {
  files.remove(file_of(store, job));
}

}  // namespace base
