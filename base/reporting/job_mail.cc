#include "base/reporting/job_mail.h"

#include <algorithm>

#include <fmt/core.h>

#include "base/exit_status.h"
#include "base/time_text.h"

namespace base {

namespace {

// Limits of a mail: longer text is in the log and in the report.
constexpr std::size_t kMaxText = std::size_t{64} * 1024;
constexpr std::size_t kMaxTroubles = 100;

std::string time_of(const JobRecord& record) {
  std::string text =
      fmt::format("The {} that started at {} ", record.job, shown_time(record.started));
  if (!record.status) return text + "did not record its end.\n";
  return text + fmt::format("ended at {} with exit status {}: {}.\n", shown_time(*record.ended),
                            *record.status, describe_status(*record.status));
}

std::string bounded(std::string_view text) {
  if (text.size() <= kMaxText) return std::string(text);
  const std::size_t end = text.rfind('\n', kMaxText);
  return std::string(text.substr(0, end + 1)) + "... and more.\n";
}

}  // namespace

std::string_view describe_status(int status) {
  switch (static_cast<ExitStatus>(status)) {
    case ExitStatus::kDone:
      return "all done";
    case ExitStatus::kNothingDone:
      return "nothing was done";
    case ExitStatus::kUsage:
      return "the configuration or the key is wrong";
    case ExitStatus::kPartial:
      return "something could not be done";
    case ExitStatus::kDamaged:
      return "the store is damaged";
    case ExitStatus::kBusy:
      return "another process holds the store";
    case ExitStatus::kCountsTowardsQuota:
      return "a restored tree would count towards quota";
  }
  return "it crashed or was killed";
}

JobMail compose_trouble_mail(const JobRecord& record, const std::vector<std::string>& troubles,
                             std::string_view text) {
  JobMail mail;
  mail.headline = fmt::format("{}: {}", record.job,
                              record.status ? describe_status(*record.status)
                                            : std::string_view("its end was not recorded"));
  mail.body = time_of(record) + "\n";
  if (!text.empty()) {
    mail.body += bounded(text);
    return mail;
  }
  for (std::size_t at = 0; at < std::min(troubles.size(), kMaxTroubles); ++at) {
    mail.body += troubles[at] + "\n";
  }
  if (troubles.size() > kMaxTroubles) {
    mail.body += fmt::format("... and {} more.\n", troubles.size() - kMaxTroubles);
  }
  return mail;
}

JobMail compose_recovery_mail(const JobRecord& record) {
  return {fmt::format("{}: recovered", record.job),
          time_of(record) + "\nThe problem reported earlier is resolved.\n"};
}

}  // namespace base
