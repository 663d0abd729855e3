#include "restore/user_mail.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <utility>
#include <vector>

#include <fmt/core.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mail/mail_address.h"
#include "base/reporting/mail_error.h"
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
// How long a mail that can't be sent is kept.
constexpr std::chrono::days kPatience{7};
// An hourly sweep may begin a little earlier than the day before.
constexpr std::chrono::hours kReportFailureAgain{23};
// A program that ends during an attempt leaves its outcome unknown, and so does a mail server that
// does not confirm a mail that it received. Mail that may have been sent is sent once more at most.
constexpr int kMaxAttempts = 2;

// "2026-12-01 02:30 Europe/Oslo"
std::string moment(std::chrono::sys_seconds time, const std::string& zone) {
  return fmt::format("{} {}", base::format_local(time, zone), zone);
}

std::uint64_t messages_in(const store::TreeRecord& tree) {
  std::uint64_t messages = 0;
  for (const store::TreeLevel& level : tree.levels) messages += level.messages.size();
  return messages;
}

// How the log names the letter: escaped.
std::string shown_letter(const UserLetter& letter) {
  const std::string account = base::escape_for_terminal(letter.account);
  if (letter.kind == LetterKind::kLogin) return account + ": mail about a login";
  if (letter.kind == LetterKind::kGrant) return account + ": mail about a grant";
  const auto tree = letter.values.find("tree");  // escaped
  const std::string name = tree == letter.values.end() ? "" : tree->second;
  return fmt::format("{}: {}: mail to its user", account, name);
}

}  // namespace

void UserMail::notify_restored(const store::TreeRecord& tree) const {
  if (tree.expires - now() < kMinLifetime || messages_in(tree) == 0) return;
  put_about_tree(LetterKind::kRestored, ".restored", tree, messages_in(tree), tree.expires);
}

void UserMail::remind(const store::TreeRecord& tree) const {
  const auto left = tree.expires - now();
  const bool was_to_stay = tree.expires - tree.created > kReminderLead;
  if (left <= std::chrono::seconds(0) || left > kReminderLead || !was_to_stay) return;
  if (tree.state == store::TreeState::kRestoring || messages_in(tree) == 0) return;
  put_about_tree(LetterKind::kReminder, ".reminder", tree, messages_in(tree), tree.expires);
}

void UserMail::notify_rescued(const store::TreeRecord& tree, const SweptTree& swept) const {
  std::uint64_t messages = 0;
  std::string mark;
  for (const SweptLevel& level : swept.levels) {
    if (!level.is_expunged) continue;  // the user still has them
    messages += level.rescued;
    // A later sweep of the same tree may rescue more, into another snapshot.
    if (mark.empty() && !level.snapshots.empty()) mark = ".rescued-" + level.snapshots.front();
  }
  if (messages == 0 || mark.empty()) return;
  put_about_tree(LetterKind::kRescued, mark, tree, messages,
                 now() + environment_.config.restore.sweep_keep);
}

void UserMail::notify_login(const base::AccountConfig& account, const std::string& client) const {
  send_about_page(LetterKind::kLogin, account,
                  {{"client", base::escape_for_terminal(client)},
                   {"time", moment(now(), environment_.config.restore.time_zone)}});
}

void UserMail::notify_grant(const base::AccountConfig& account, const EndedGrant& grant) const {
  const std::string& zone = environment_.config.restore.time_zone;
  send_about_page(LetterKind::kGrant, account,
                  {{"person", base::escape_for_terminal(grant.person)},
                   {"given", moment(grant.given, zone)},
                   {"ended", moment(grant.ended, zone)}});
}

bool UserMail::is_wanted(LetterKind kind) const {
  const base::ReportingConfig& reporting = environment_.config.reporting;
  return reporting.mail && !template_for(kind, reporting.user_mail).empty();
}

// `mark`: the end of the mail's name, different for each mail about a tree.
void UserMail::put_about_tree(LetterKind kind, const std::string& mark,
                              const store::TreeRecord& tree, std::uint64_t messages,
                              std::chrono::sys_seconds expires) const {
  if (!is_wanted(kind) || tree.account == environment_.config.drill.account) return;
  const UserLetter letter = {.name = tree.id + mark,
                             .kind = kind,
                             .account = tree.account,
                             .server = tree.server,
                             .user = tree.user,
                             .values = {{"account", base::escape_for_terminal(tree.account)},
                                        {"tree", base::escape_for_terminal(tree.name)},
                                        {"messages", std::to_string(messages)}},
                             .expires = expires,
                             .written = now()};
  try {
    letters_.put(letter);
  } catch (const base::Error& error) {
    base::log_error("{}: {}", shown_letter(letter), error.what());
  }
}

void UserMail::send_about_page(LetterKind kind, const base::AccountConfig& account,
                               std::map<std::string, std::string> values) const {
  if (!is_wanted(kind)) return;
  values["account"] = base::escape_for_terminal(account.name);
  const UserLetter letter = {.name = "page-" + store::TreeRecords::new_id(),
                             .kind = kind,
                             .account = account.name,
                             .server = account.server,
                             .user = account.user,
                             .values = std::move(values),
                             .written = now()};
  try {
    if (!is_kept(letter)) {
      send(letter);
      return;
    }
    // While another process sends, this one is left to the next sweep.
    const auto lock = letters_.lock(environment_.clock);
    if (lock == nullptr) return;
    // Before this process had the lock, another one may have sent the letter, or tried to.
    const auto kept = letters_.find(letter.name);
    if (kept && kept->tried == std::chrono::sys_seconds()) attempt(*kept);
  } catch (const base::Error& error) {
    base::log_error("{}: {}", shown_letter(letter), error.what());
  }
}

// Keeps it if there is room.
bool UserMail::is_kept(const UserLetter& letter) const {
  try {
    return letters_.put(letter);
  } catch (const base::Error& error) {
    if (!base::is_file_trouble(error.code())) throw;
    base::log_warning("{}: it is sent once only: {}", shown_letter(letter), error.what());
    return false;
  }
}

void UserMail::send_pending(std::span<const store::TreeRecord> trees, ClockTrust clock) const {
  try {
    if (letters_.list(now()).empty()) return;  // without a lock
    const auto lock = letters_.lock(environment_.clock);
    if (lock == nullptr) return;  // another process sends
    std::vector<UserLetter> due;
    for (UserLetter& letter : letters_.list(now())) {
      const Turn turn = turn_of(letter, trees, clock);
      if (turn == Turn::kNever) letters_.remove(letter);
      if (turn == Turn::kTooEarly) letters_.withdraw(letter);
      if (turn == Turn::kNow) due.push_back(std::move(letter));
    }
    for (UserLetter& letter : due) {
      if (!attempt(std::move(letter))) return;
    }
  } catch (const base::Error& error) {
    base::log_error("mail to users: {}", error.what());
  }
}

// Gives the letter the present expiry of its tree.
UserMail::Turn UserMail::turn_of(UserLetter& letter, std::span<const store::TreeRecord> trees,
                                 ClockTrust clock) const {
  if (!is_wanted(letter.kind)) return Turn::kNever;
  if (clock == ClockTrust::kTrusted) {
    letter.written = std::min(letter.written, now());  // the clock may have been wrong
  }
  if (is_given_up(letter, clock)) return Turn::kNever;
  return letter.is_about_tree() ? turn_about_tree(letter, trees, clock) : Turn::kNow;
}

UserMail::Turn UserMail::turn_about_tree(UserLetter& letter,
                                         std::span<const store::TreeRecord> trees,
                                         ClockTrust clock) const {
  if (needs_tree(letter.kind)) {
    const auto tree = std::ranges::find_if(trees, [&](const store::TreeRecord& record) {
      return letter.name.starts_with(record.id + ".");
    });
    if (tree == trees.end()) return Turn::kLater;
    letter.expires = tree->expires;  // it may have been extended
  }
  const auto left = letter.expires - now();
  const bool is_reminder = letter.kind == LetterKind::kReminder;
  if (clock == ClockTrust::kUntrusted) {
    // A clock that is behind would promise a longer stay than there is.
    const bool is_likely = left > std::chrono::seconds(0) &&
                           left <= environment_.config.longest_stay_of(letter.account);
    return is_reminder || !is_likely ? Turn::kLater : Turn::kNow;
  }
  if (needs_tree(letter.kind) && left <= std::chrono::seconds(0)) return Turn::kNever;
  return is_reminder && left > kReminderLead ? Turn::kTooEarly : Turn::kNow;
}

bool UserMail::is_given_up(const UserLetter& letter, ClockTrust clock) const {
  const bool is_too_old = clock == ClockTrust::kTrusted && now() - letter.written > kPatience;
  if (letter.attempts < kMaxAttempts && !is_too_old) return false;
  base::log_error("{}: it was not sent since {}: given up{}", shown_letter(letter),
                  base::shown_time(letter.written),
                  letter.attempts > 0 ? ", though it may have been delivered" : "");
  return true;
}

// Requires the letters' lock. Returns false if other letters should not be tried now.
bool UserMail::attempt(UserLetter letter) const {
  letters_.begin(letter, now());
  try {
    send(letter);
  } catch (const base::Error& error) {
    note_failure(std::move(letter), error);
    const base::MailFailure failure = base::failure_of(error);
    return failure == base::MailFailure::kDeferred || failure == base::MailFailure::kRefused;
  }
  letters_.remove(letter);
  return true;
}

void UserMail::note_failure(UserLetter letter, const base::Error& error) const {
  const bool may_be_delivered = base::failure_of(error) == base::MailFailure::kUnknown;
  if (!may_be_delivered) --letter.attempts;
  const bool is_report_due =
      letter.reported > now() || now() - letter.reported >= kReportFailureAgain;
  if (may_be_delivered) {
    base::log_error("{}: {}: it may have been delivered{}", shown_letter(letter), error.what(),
                    letter.attempts < kMaxAttempts ? ": the next sweep sends it once more" : "");
  } else if (is_report_due) {
    letter.reported = now();
    base::log_error("{}: {}: each sweep tries it again, until {}", shown_letter(letter),
                    error.what(), base::shown_time(letter.written + kPatience));
  }
  letters_.replace(letter);
}

void UserMail::send(const UserLetter& letter) const {
  const base::Config& config = environment_.config;
  const base::MailTemplate words = base::load_mail_template(
      environment_.files, template_for(letter.kind, config.reporting.user_mail));
  std::map<std::string, std::string> values = letter.values;
  if (letter.is_about_tree()) {
    const auto days = std::chrono::ceil<std::chrono::days>(letter.expires - now());
    values["expires"] = moment(letter.expires, config.restore.time_zone);
    values["days"] = std::to_string(days.count());
  }
  store::TreeRecord whose;
  whose.account = letter.account;
  whose.server = letter.server;
  whose.user = letter.user;
  const base::AccountConfig account = account_for_mail(config, whose);
  const base::Mailer mailer(*config.reporting.mail, environment_.clock);
  mailer.send({{user_address(config, account)}, words.subject, base::fill_in(words.body, values)});
}

void UserMail::forget_others(const std::vector<store::TreeRecord>& trees) const {
  letters_.forget_others(trees, now());
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
