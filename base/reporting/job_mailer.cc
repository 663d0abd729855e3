#include "base/reporting/job_mailer.h"

#include <algorithm>
#include <exception>
#include <utility>

#include <fmt/core.h>

#include "base/error.h"
#include "base/log.h"
#include "base/reporting/mailer.h"
#include "base/reporting/trouble_memory.h"
#include "base/terminal.h"
#include "base/time_text.h"

namespace base {

namespace {

// Old mail is of no use; the job has reported newer facts since.
constexpr std::chrono::hours kMaxAge{72};
constexpr int kMaxAttempts = 2;

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
  send(record, {.job = record.job,
                .written = now(),
                .headline = mail->headline,
                .body = mail->body + "\n" + footer_(),
                .to = to,
                .undelivered = to,
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
  if (mail->attempts >= kMaxAttempts || now() - mail->written > kMaxAge) {
    log_error("{}: the mail of {} (\"{}\") is abandoned: it may not have been delivered",
              record.job, shown_time(mail->written), mail->headline);
    remove(*mail);
    return true;
  }
  return send(record, std::move(*mail));
}

bool JobMailer::send(JobRecord& record, PendingMail mail) const {
  ++mail.attempts;
  save(mail);
  try {
    const Mailer mailer(*environment_.config.reporting.mail, environment_.clock);
    const auto note_delivered = [&](const std::string& address) {
      std::erase(mail.undelivered, address);
      if (!mail.undelivered.empty()) save(mail);
    };
    mailer.deliver(
        {mail.to, fmt::format("mailstow on {}: {}", mailer.host(), mail.headline), mail.body},
        std::vector(mail.undelivered), note_delivered);
    note_reported(record, mail.troubles, now());
    record.mail_error.clear();
    remove(mail);
    return true;
  } catch (const std::exception& error) {
    log_error("{}: {}", record.job, error.what());
    record.mail_error = escape_for_terminal(error.what());
    const auto* const known = dynamic_cast<const Error*>(&error);
    if (known == nullptr || known->code() != ErrorCode::kNetwork) {
      remove(mail);
      return true;
    }
    --mail.attempts;
    save(mail);
    return false;
  }
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
