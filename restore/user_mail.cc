#include "restore/user_mail.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <vector>

#include <fmt/core.h>

#include "base/atomic_file.h"
#include "base/error.h"
#include "base/log.h"
#include "base/mail/mail_address.h"
#include "base/reporting/mail_template.h"
#include "base/reporting/mailer.h"
#include "base/terminal.h"
#include "base/time_text.h"
#include "restore/tree_account.h"

namespace restore {

namespace {

constexpr std::chrono::days kReminderLead{1};
// A tree that expires sooner is a probe's: no mail is sent for it.
constexpr std::chrono::minutes kMinLifetime{1};

base::Path marks_directory(const base::StoreConfig& store) {
  return store.index / "user-mail";
}

// "2026-12-01 02:30 Europe/Oslo"
std::string moment(std::chrono::sys_seconds time, const std::string& zone) {
  const std::string stamp = base::format_timestamp(time, zone);  // YYYYMMDDTHHMMSS
  return fmt::format("{}-{}-{} {}:{} {}", stamp.substr(0, 4), stamp.substr(4, 2),
                     stamp.substr(6, 2), stamp.substr(9, 2), stamp.substr(11, 2), zone);
}

std::uint64_t messages_in(const store::TreeRecord& tree) {
  std::uint64_t messages = 0;
  for (const store::TreeLevel& level : tree.levels) messages += level.messages.size();
  return messages;
}

}  // namespace

void UserMail::notify_restored(const store::TreeRecord& tree) const {
  if (tree.expires - now() < kMinLifetime || messages_in(tree) == 0) return;
  send_once({".restored", environment_.config.reporting.user_mail.restored, messages_in(tree),
             tree.expires},
            tree);
}

void UserMail::remind(const store::TreeRecord& tree) const {
  const auto left = tree.expires - now();
  const bool was_to_stay = tree.expires - tree.created > kReminderLead;
  if (left <= std::chrono::seconds(0) || left > kReminderLead || !was_to_stay) return;
  if (tree.state == store::TreeState::kRestoring || messages_in(tree) == 0) return;
  send_once({".reminder", environment_.config.reporting.user_mail.reminder, messages_in(tree),
             tree.expires},
            tree);
}

void UserMail::notify_rescued(const store::TreeRecord& tree, const SweptTree& swept) const {
  Letter letter;
  letter.template_file = environment_.config.reporting.user_mail.rescued;
  letter.expires = now() + environment_.config.restore.sweep_keep;
  for (const SweptLevel& level : swept.levels) {
    if (!level.is_expunged) continue;  // the user still has them
    letter.messages += level.rescued;
    // A later sweep of the same tree may rescue more, into another snapshot.
    if (letter.mark.empty() && !level.snapshots.empty()) {
      letter.mark = ".rescued-" + level.snapshots.front();
    }
  }
  if (letter.messages > 0 && !letter.mark.empty()) send_once(letter, tree);
}

void UserMail::notify_login(const base::AccountConfig& account, const std::string& client) const {
  send_about_page("a login", environment_.config.reporting.user_mail.login, account,
                  {{"client", base::escape_for_terminal(client)},
                   {"time", moment(now(), environment_.config.restore.time_zone)}});
}

void UserMail::notify_grant(const base::AccountConfig& account, const EndedGrant& grant) const {
  const std::string& zone = environment_.config.restore.time_zone;
  send_about_page("a grant", environment_.config.reporting.user_mail.grant, account,
                  {{"person", base::escape_for_terminal(grant.person)},
                   {"given", moment(grant.given, zone)},
                   {"ended", moment(grant.ended, zone)}});
}

void UserMail::send_about_page(std::string_view what, const base::Path& template_file,
                               const base::AccountConfig& account,
                               std::map<std::string, std::string> values) const {
  const base::Config& config = environment_.config;
  if (template_file.empty() || !config.reporting.mail) return;
  values["account"] = base::escape_for_terminal(account.name);
  try {
    const base::MailTemplate words = base::load_mail_template(environment_.files, template_file);
    const base::Mailer mailer(*config.reporting.mail, environment_.clock);
    mailer.send(
        {{user_address(config, account)}, words.subject, base::fill_in(words.body, values)});
  } catch (const base::Error& error) {
    base::log_error("{}: mail about {}: {}", base::escape_for_terminal(account.name), what,
                    error.what());
  }
}

void UserMail::forget_others(const std::vector<store::TreeRecord>& trees) const {
  base::FileSystem& files = environment_.files;
  const base::Path directory = marks_directory(environment_.config.store);
  for (const std::string& name : files.list(directory)) {
    const std::string id = name.substr(0, name.find('.'));
    const bool is_there = std::ranges::find(trees, id, &store::TreeRecord::id) != trees.end();
    if (!is_there) files.remove(directory / name);
  }
}

void UserMail::send_once(const Letter& letter, const store::TreeRecord& tree) const {
  const base::Config& config = environment_.config;
  if (letter.template_file.empty() || !config.reporting.mail) return;
  if (tree.account == config.drill.account) return;
  base::FileSystem& files = environment_.files;
  const base::Path directory = marks_directory(config.store);
  const base::Path mark = directory / (tree.id + letter.mark);
  try {
    base::make_directories(files, directory);
    // Written before the mail is sent: after a crash in between no mail is sent, and none twice.
    if (!base::write_file(files, mark, {}, base::OnExisting::kFail)) return;
    try {
      send(letter, tree);
    } catch (const base::Error&) {
      files.remove(mark);  // the next sweep tries again
      throw;
    }
  } catch (const base::Error& error) {
    base::log_error("{}: {}: mail to its user: {}", base::escape_for_terminal(tree.account),
                    base::escape_for_terminal(tree.name), error.what());
  }
}

void UserMail::send(const Letter& letter, const store::TreeRecord& tree) const {
  const base::Config& config = environment_.config;
  const base::MailTemplate words =
      base::load_mail_template(environment_.files, letter.template_file);
  const auto days = std::chrono::ceil<std::chrono::days>(letter.expires - now());
  const std::map<std::string, std::string> values = {
      {"account", base::escape_for_terminal(tree.account)},
      {"tree", base::escape_for_terminal(tree.name)},
      {"messages", std::to_string(letter.messages)},
      {"expires", moment(letter.expires, config.restore.time_zone)},
      {"days", std::to_string(days.count())}};
  const base::Mailer mailer(*config.reporting.mail, environment_.clock);
  const base::AccountConfig account = find_tree_account(config, environment_.files, tree).account;
  mailer.send({{user_address(config, account)}, words.subject, base::fill_in(words.body, values)});
}

std::string user_address(const base::Config& config, const base::AccountConfig& account) {
  if (!account.mail.empty()) return account.mail;
  std::string address = base::fill_in(config.reporting.user_mail.address,
                                      {{"account", account.name}, {"user", account.user}});
  if (!base::is_mail_address(address)) {
    base::fail(base::ErrorCode::kConfig,
               "\"{}\" is not a mail address: set user_mail.address, or the account's mail",
               base::escape_for_terminal(address));
  }
  return address;
}

std::chrono::sys_seconds UserMail::now() const {
  return environment_.clock.now_seconds();
}

}  // namespace restore
