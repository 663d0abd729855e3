#include "backupd/backup_summary.h"

#include <algorithm>
#include <iterator>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "backupd/report/cause_groups.h"
#include "backupd/report/common_cause.h"
#include "backupd/report/kept_report.h"
#include "base/json_text.h"
#include "base/reporting/job_mail.h"
#include "base/terminal.h"
#include "base/time_text.h"

namespace backupd {

namespace {

using nlohmann::ordered_json;

// Limits that keep the mail readable.
constexpr std::size_t kMaxTroubles = 200;
constexpr std::size_t kMaxAccounts = 200;
constexpr std::size_t kMaxTrees = 50;

CommonCauses causes_of(const PassReport& report) {
  std::vector<FailedAccount> failed;
  for (const AccountReport& account : report.accounts) {
    const bool is_plain = account.status == PassStatus::kFailed && !account.error.empty() &&
                          account.skipped.empty() && account.warnings.empty() &&
                          account.fetched_messages == 0;
    if (is_plain) {
      failed.push_back({account.account, account.error, account.alarms, account.user});
    }
  }
  return {failed, kSeeBackupReport};
}

std::uint64_t skipped_in(const AccountReport& account) {
  return static_cast<std::uint64_t>(std::ranges::count_if(
      account.skipped, [](const SkippedEntry& entry) { return !entry.acknowledged; }));
}

// Contains no account names: others may have chosen them.
std::string headline_of(const PassReport& report) {
  const std::size_t all = report.accounts.size();
  const auto is_troubled = [](const AccountReport& account) {
    return account.status != PassStatus::kComplete || !account.alarms.empty();
  };
  const auto troubled =
      static_cast<std::size_t>(std::ranges::count_if(report.accounts, is_troubled));
  const char* const word = report.status() == PassStatus::kComplete  ? "complete"
                           : report.status() == PassStatus::kPartial ? "partial"
                                                                     : "failed";
  std::string text = fmt::format("backup {}: {}", word, base::format_count(all, "account"));
  if (troubled > 0) text += fmt::format(", {} with problems", base::format_count(troubled));
  return text;
}

std::string total_of(const PassReport& report) {
  AccountReport total;
  std::uint64_t skipped = 0;
  for (const AccountReport& account : report.accounts) {
    total.new_messages += account.new_messages;
    total.fetched_bytes += account.fetched_bytes;
    total.stored_bytes += account.stored_bytes;
    skipped += skipped_in(account);
  }
  return fmt::format("{}, {} fetched, {} written; {} skipped.\n",
                     base::format_count(total.new_messages, "new message"),
                     base::format_size(total.fetched_bytes), base::format_size(total.stored_bytes),
                     base::format_count(skipped));
}

std::string list_troubles(const std::vector<std::string>& troubles) {
  if (troubles.empty()) return "No problems.\n";
  std::string text = "Problems:\n";
  for (std::size_t at = 0; at < std::min(troubles.size(), kMaxTroubles); ++at) {
    text += "  " + troubles[at] + "\n";
  }
  if (troubles.size() > kMaxTroubles) {
    text += fmt::format("  and {} more: {}.\n", base::format_count(troubles.size() - kMaxTroubles),
                        kSeeBackupReport);
  }
  return text;
}

// Lists what was odd, though nothing is missing because of it; empty if nothing was.
std::string list_warnings(const PassReport& report) {
  std::string text;
  std::size_t warnings = 0;
  for (const AccountReport& account : report.accounts) {
    for (const std::string& warning : account.warnings) {
      if (++warnings > kMaxTroubles) continue;
      text += fmt::format("  {}: {}\n", base::escape_for_terminal(account.account),
                          base::escape_for_terminal(warning));
    }
  }
  if (warnings == 0) return "";
  if (warnings > kMaxTroubles) {
    text += fmt::format("  and {} more: {}.\n", base::format_count(warnings - kMaxTroubles),
                        kSeeBackupReport);
  }
  return "Warnings:\n" + text + "\n";
}

// Lists the accounts that are not complete or have new messages.
std::string list_accounts(const PassReport& report) {
  std::vector<std::vector<std::string>> rows;
  std::size_t quiet = 0;
  std::size_t left_out = 0;
  const CommonCauses causes = causes_of(report);
  for (const AccountReport& account : report.accounts) {
    if (causes.cover(account.account)) continue;
    if (account.status == PassStatus::kComplete && account.new_messages == 0) {
      ++quiet;
      continue;
    }
    if (rows.size() == kMaxAccounts) {
      ++left_out;
      continue;
    }
    const char* const word = account.status == PassStatus::kComplete  ? "complete"
                             : account.status == PassStatus::kPartial ? "partial"
                                                                      : "failed";
    rows.push_back(
        {account.account, word,
         account.snapshot ? base::format_count(account.snapshot->messages) : "",
         base::format_count(account.new_messages), base::format_size(account.fetched_bytes),
         base::format_size(account.stored_bytes), base::format_count(skipped_in(account))});
  }
  using base::Align;
  std::string text;
  if (!rows.empty()) {
    text = base::format_table({{"ACCOUNT"},
                               {"STATUS"},
                               {"MESSAGES", Align::kRight},
                               {"NEW", Align::kRight},
                               {"FETCHED", Align::kRight},
                               {"WRITTEN", Align::kRight},
                               {"SKIPPED", Align::kRight}},
                              rows);
  }
  if (left_out > 0) {
    text += fmt::format("... and {} more: {}.\n", base::format_count(left_out), kSeeBackupReport);
  }
  if (quiet > 0) {
    text += base::format_count(quiet, "account") + " complete, with nothing new.\n";
  }
  return text;
}

std::string describe_store(const BackupFacts& facts) {
  std::string text =
      fmt::format("The store: {} in {}, for {} of {}", base::format_size(facts.store.pack_bytes),
                  base::format_count(facts.store.packs, "pack"),
                  base::format_count(facts.store.messages, "distinct message"),
                  base::format_size(facts.store.message_bytes));
  if (!facts.earlier) return text + ".\n";
  const std::uint64_t before = facts.earlier->pack_bytes;
  const std::uint64_t after = facts.store.pack_bytes;
  return text + fmt::format("; {} {} than after the backup of {}.\n",
                            base::format_size(after >= before ? after - before : before - after),
                            after >= before ? "more" : "less",
                            base::shown_time(facts.earlier->time));
}

std::string list_trees(const BackupFacts& facts) {
  if (facts.trees.empty()) return "There are no restored trees.\n";
  std::vector<store::TreeRecord> trees = facts.trees;
  std::ranges::sort(trees, {}, &store::TreeRecord::expires);
  const auto overdue = std::ranges::count_if(
      trees, [&](const store::TreeRecord& tree) { return tree.expires <= facts.now; });
  std::string text = fmt::format("Restored trees ({}{}), the next to expire first:\n",
                                 base::format_count(trees.size()),
                                 overdue > 0 ? fmt::format(", {} overdue", overdue) : "");
  for (std::size_t at = 0; at < std::min(trees.size(), kMaxTrees); ++at) {
    text += fmt::format("  {}  {}: {}{}\n", base::shown_time(trees[at].expires),
                        base::escape_for_terminal(trees[at].account),
                        base::escape_for_terminal(trees[at].name),
                        trees[at].expires <= facts.now ? " (overdue)" : "");
  }
  return text;
}

std::string describe_drill(const ordered_json& details) {
  if (!details.is_object()) return "";
  const auto intact = details.value("intact", std::uint64_t{0});
  return fmt::format(": {} of {} {} read back intact", base::format_count(intact),
                     base::format_count(details.value("messages", std::uint64_t{0}), "message"),
                     intact == 1 ? "was" : "were");
}

std::string describe_check(const ordered_json& details) {
  if (!details.is_object()) return "";
  return fmt::format(": {} of {} read, {} damaged", details.value("packs_read", std::uint64_t{0}),
                     base::format_count(details.value("packs", std::uint64_t{0}), "pack"),
                     details.value("damage", std::uint64_t{0}));
}

std::string list_jobs(const BackupFacts& facts) {
  std::string text;
  for (const base::JobRecord& record : facts.jobs) {
    if (record.job == "backup") continue;
    const auto details = base::parse_json(record.details);
    text += fmt::format("  {:6} {}  ", record.job, base::shown_time(record.started));
    if (!record.ended) {
      text += "still running\n";
      continue;
    }
    text += record.status ? std::string(base::describe_status(*record.status))
                          : "died before it finished";
    if (!record.error.empty()) {
      text += ": " + record.error;
    } else if (record.job == "drill") {
      text += describe_drill(details);
    } else if (record.job == "check") {
      text += describe_check(details);
    }
    text += '\n';
  }
  return text.empty() ? "No other job has run yet.\n" : "Last runs of the other jobs:\n" + text;
}

}  // namespace

std::vector<std::string> troubles_of(const PassReport& report) {
  const CommonCauses causes = causes_of(report);
  std::vector<std::string> troubles = causes.lines();
  FewOfEach errors;
  for (const AccountReport& account : report.accounts) {
    if (causes.cover(account.account)) continue;
    const std::string name = base::escape_for_terminal(account.account);
    const std::size_t before = troubles.size();
    for (const std::string& alarm : account.alarms) {
      troubles.push_back(fmt::format("{}: ALARM: {}", name, alarm));
    }
    if (!account.error.empty() && errors.admits(account.error, account.names())) {
      troubles.push_back(fmt::format("{}: {}", name, base::escape_for_terminal(account.error)));
    }
    for (const SkippedEntry& entry : account.skipped) {
      if (entry.acknowledged) continue;
      const std::string uid = entry.uid ? fmt::format(", UID {}", entry.uid->value) : "";
      troubles.push_back(fmt::format("{}: {}{}: skipped: {}", name,
                                     base::escape_for_terminal(entry.folder), uid,
                                     base::escape_for_terminal(entry.reason)));
    }
    if (account.status != PassStatus::kComplete && account.troubles.empty() &&
        account.error.empty() && troubles.size() == before) {
      troubles.push_back(fmt::format("{}: it could not be backed up completely", name));
    }
  }
  if (errors.left_out() > 0) {
    troubles.push_back(fmt::format("{} that could not be backed up completely: {}",
                                   base::format_count(errors.left_out(), "more account"),
                                   kSeeBackupReport));
  }
  for (const std::string& alarm : report.alarms) troubles.push_back("ALARM: " + alarm);
  for (const std::string& trouble : report.troubles) {
    troubles.push_back(base::escape_for_terminal(trouble));
  }
  std::ranges::move(vanished_lines(report.vanished), std::back_inserter(troubles));
  return troubles;
}

base::JobSummary summarise(const PassReport& report, const BackupFacts& facts) {
  std::string body =
      total_of(report) + "\n" + list_troubles(troubles_of(report)) + "\n" + list_warnings(report);
  if (const std::string accounts = list_accounts(report); !accounts.empty()) {
    body += accounts + "\n";
  }
  body += describe_store(facts) + "\n" + list_trees(facts) + "\n" + list_jobs(facts);
  return {headline_of(report), std::move(body)};
}

std::string details_of(const PassReport& report, const BackupFacts& facts) {
  ordered_json accounts = ordered_json::array();
  for (const AccountReport& account : report.accounts) {
    accounts.push_back({{"account", account.account},
                        {"seconds", account.seconds},
                        {"fetched_messages", account.fetched_messages},
                        {"fetched_bytes", account.fetched_bytes},
                        {"new_messages", account.new_messages},
                        {"stored_bytes", account.stored_bytes},
                        {"skipped", skipped_in(account)}});
  }
  const ordered_json document = {{"time", facts.now.time_since_epoch().count()},
                                 {"pack_bytes", facts.store.pack_bytes},
                                 {"accounts", std::move(accounts)}};
  return base::json_line(document);
}

std::optional<EarlierStore> earlier_store(const base::JobRecord& record) {
  const auto details = base::parse_json(record.details);
  if (!details.is_object()) return std::nullopt;
  return EarlierStore{
      std::chrono::sys_seconds(std::chrono::seconds(details.value("time", std::int64_t{0}))),
      details.value("pack_bytes", std::uint64_t{0})};
}

}  // namespace backupd
