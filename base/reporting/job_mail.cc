#include "base/reporting/job_mail.h"

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
constexpr std::chrono::hours kMaxKept{72};
constexpr int kMaxAttempts = 2;

}  // namespace

bool JobMail::is_configured() const {
  const ReportingConfig& reporting = environment_.config.reporting;
  return reporting.mail && !reporting.reports.to.empty();
}

std::chrono::sys_seconds JobMail::now() const {
  return std::chrono::floor<std::chrono::seconds>(environment_.clock.now());
}

void JobMail::report(JobRecord& record, const JobOutcome& outcome) const {
  if (!is_configured()) return;
  const auto letter = letter_if_due(record, outcome);
  if (!letter) return;
  const std::vector<std::string>& to = environment_.config.reporting.reports.to;
  send(record, {.job = record.job,
                .written = now(),
                .headline = letter->headline,
                .body = letter->body + "\n" + footer_(),
                .to = to,
                .left = to,
                .troubles = outcome.troubles});
}

std::optional<JobLetter> JobMail::letter_if_due(const JobRecord& record,
                                                const JobOutcome& outcome) const {
  const Notification notification = notification_due(record, outcome.troubles, now());
  if (outcome.summary) {
    const bool is_wanted = environment_.config.reporting.reports.when == ReportWhen::kAlways ||
                           !outcome.troubles.empty() || notification == Notification::kResolved;
    if (!is_wanted) return std::nullopt;
    return JobLetter{outcome.summary->headline, outcome.summary->body};
  }
  if (notification == Notification::kTrouble) {
    return write_of_trouble(record, outcome.troubles, outcome.text);
  }
  if (notification == Notification::kResolved) return write_of_end(record);
  return std::nullopt;
}

bool JobMail::send_kept(JobRecord& record) const {
  if (!is_configured()) return true;
  auto letter = load_kept_letter(environment_.files, environment_.config.store, record.job);
  if (!letter) return true;
  if (letter->begun >= kMaxAttempts || now() - letter->written > kMaxKept) {
    log_error("{}: the mail of {} (\"{}\") is abandoned: it may not have been delivered",
              record.job, format_rfc3339(letter->written), letter->headline);
    drop(*letter);
    return true;
  }
  return send(record, std::move(*letter));
}

bool JobMail::send(JobRecord& record, KeptLetter letter) const {
  ++letter.begun;
  keep(letter);
  try {
    const Mailer mailer(*environment_.config.reporting.mail, environment_.clock);
    const auto note_delivered = [&](const std::string& address) {
      std::erase(letter.left, address);
      if (!letter.left.empty()) keep(letter);
    };
    mailer.deliver(
        {letter.to, fmt::format("mailstow on {}: {}", mailer.host(), letter.headline), letter.body},
        std::vector(letter.left), note_delivered);
    note_reported(record, letter.troubles, now());
    record.mail_error.clear();
    drop(letter);
    return true;
  } catch (const std::exception& error) {
    log_error("{}: {}", record.job, error.what());
    record.mail_error = escape_for_terminal(error.what());
    const auto* const known = dynamic_cast<const Error*>(&error);
    if (known == nullptr || known->code() != ErrorCode::kNetwork) {
      drop(letter);
      return true;
    }
    --letter.begun;
    keep(letter);
    return false;
  }
}

// If this fails, the mail is sent all the same.
void JobMail::keep(const KeptLetter& letter) const {
  try {
    const StoreConfig& store = environment_.config.store;
    if (environment_.files.modified(store.index)) keep_letter(environment_.files, store, letter);
  } catch (const Error& error) {
    log_error("{}: {}", letter.job, error.what());
  }
}

void JobMail::drop(const KeptLetter& letter) const {
  try {
    drop_kept_letter(environment_.files, environment_.config.store, letter.job);
  } catch (const Error& error) {
    log_error("{}: {}", letter.job, error.what());
  }
}

}  // namespace base
