#include "base/reporting/job_mailer.h"

#include <algorithm>
#include <exception>
#include <iterator>
#include <optional>
#include <utility>
#include <vector>

#include <fmt/core.h>

#include "base/clock.h"
#include "base/error.h"
#include "base/log.h"
#include "base/reporting/mail_error.h"
#include "base/reporting/mailer.h"
#include "base/reporting/trouble_memory.h"
#include "base/terminal.h"
#include "base/time_text.h"

namespace base {

namespace {

// Old mail is of no use; the job has reported newer facts since.
constexpr std::chrono::hours kMaxAge{72};
constexpr int kMaxAttempts = 2;

// The record has the first of them.
void note_mail_failure(JobRecord& record, const std::exception& error) {
  log_error("{}: {}", record.job, error.what());
  if (record.mail_error.empty()) record.mail_error = escape_for_terminal(error.what());
}

// Returns nullopt if the server accepted the mail.
std::optional<MailFailure> attempt_submission(const Mailer& mailer, const std::string& message,
                                              const std::string& address, JobRecord& record) {
  try {
    mailer.submit(message, address);
    return std::nullopt;
  } catch (const std::exception& error) {
    note_mail_failure(record, error);
    return failure_of(error);
  }
}

}  // namespace

bool JobMailer::is_configured() const {
  const ReportingConfig& reporting = environment_.config.reporting;
  return reporting.mail && !reporting.reports.to.empty();
}

std::chrono::sys_seconds JobMailer::now() const {
  return environment_.clock.now_seconds();
}

void JobMailer::report(JobRecord& record, const JobOutcome& outcome) const {
  if (!is_configured()) return;
  const auto mail = mail_if_due(record, outcome);
  if (!mail) return;
  const std::vector<std::string>& to = environment_.config.reporting.reports.to;
  std::vector<PendingRecipient> recipients;
  recipients.reserve(to.size());
  for (const std::string& address : to) recipients.push_back({.address = address});
  send(record, {.job = record.job,
                .written = now(),
                .headline = mail->headline,
                .body = mail->body + "\n" + footer_(),
                .to = to,
                .undelivered = std::move(recipients),
                .troubles = outcome.troubles});
}

std::optional<JobMail> JobMailer::mail_if_due(const JobRecord& record,
                                              const JobOutcome& outcome) const {
  const Notification notification = notification_due(record, outcome.troubles, now());
  if (outcome.summary) {
    const bool is_wanted = environment_.config.reporting.reports.when == ReportWhen::kAlways ||
                           !outcome.troubles.empty() || notification == Notification::kResolved;
    if (!is_wanted) return std::nullopt;
    return JobMail{outcome.summary->headline, outcome.summary->body};
  }
  if (notification == Notification::kTrouble) {
    return compose_trouble_mail(record, outcome.troubles, outcome.text);
  }
  if (notification == Notification::kResolved) return compose_recovery_mail(record);
  return std::nullopt;
}

bool JobMailer::send_pending(JobRecord& record) const {
  if (!is_configured()) return true;
  auto mail = load_pending_mail(environment_.files, environment_.config.store, record.job);
  if (!mail) return true;
  // A wrong clock wrote a mail of the future: its age counts from now.
  if (is_in_future(mail->written, now())) mail->written = now();
  const bool is_too_old = now() - mail->written > kMaxAge;
  std::erase_if(mail->undelivered, [&](const PendingRecipient& recipient) {
    if (!is_too_old && recipient.attempts < kMaxAttempts) return false;
    log_error("{}: to {}: the mail of {} (\"{}\") is abandoned: it may not have been delivered",
              record.job, escape_for_terminal(recipient.address), shown_time(mail->written),
              mail->headline);
    return true;
  });
  if (mail->undelivered.empty()) {
    remove(*mail);
    return true;
  }
  return send(record, std::move(*mail));
}

bool JobMailer::send(JobRecord& record, PendingMail mail) const {
  record.mail_error.clear();
  bool is_server_available = true;
  try {
    is_server_available = deliver(record, mail);
  } catch (const std::exception& error) {
    note_mail_failure(record, error);
    mail.undelivered.clear();
  }
  if (mail.undelivered.empty()) remove(mail);
  return is_server_available;
}

// Removes the recipients for which no other attempt is due. Returns false if the mail server is
// unavailable.
bool JobMailer::deliver(JobRecord& record, PendingMail& mail) const {
  const Mailer mailer(*environment_.config.reporting.mail, environment_.clock);
  const std::string message = mailer.compose(
      {mail.to, fmt::format("mailstow on {}: {}", mailer.host(), mail.headline), mail.body});
  bool is_server_available = true;
  for (auto recipient = mail.undelivered.begin(); recipient != mail.undelivered.end();) {
    ++recipient->attempts;
    save(mail);
    const auto failure = attempt_submission(mailer, message, recipient->address, record);
    const bool is_delivered = !failure;
    const bool may_be_delivered = failure == MailFailure::kUnknown;
    // Otherwise a mail that one recipient does not get would be sent to the others each time.
    if (is_delivered || may_be_delivered) note_reported(record, mail.troubles, now());
    if (!may_be_delivered) --recipient->attempts;
    if (failure == MailFailure::kServer) {
      // Perhaps only for this recipient, which the server checks for too long: the others come
      // first next time.
      std::rotate(recipient, std::next(recipient), mail.undelivered.end());
      save(mail);
      return false;
    }
    const bool is_over = is_delivered || failure == MailFailure::kRefused;
    recipient = is_over ? mail.undelivered.erase(recipient) : std::next(recipient);
    if (!mail.undelivered.empty()) save(mail);
    if (may_be_delivered) is_server_available = false;
  }
  return is_server_available;
}

// If this fails, the mail is sent anyway.
void JobMailer::save(const PendingMail& mail) const {
  try {
    const StoreConfig& store = environment_.config.store;
    if (environment_.files.modified(store.index))
      save_pending_mail(environment_.files, store, mail);
  } catch (const Error& error) {
    log_error("{}: {}", mail.job, error.what());
  }
}

void JobMailer::remove(const PendingMail& mail) const {
  try {
    remove_pending_mail(environment_.files, environment_.config.store, mail.job);
  } catch (const Error& error) {
    log_error("{}: {}", mail.job, error.what());
  }
}

}  // namespace base
