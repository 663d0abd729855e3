#include "restore/sweep_report.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "base/id_text.h"
#include "base/shell_quote.h"
#include "base/terminal.h"
#include "base/time_text.h"
#include "imap/folder_name.h"

namespace restore {

namespace {

const char* word(SweptLevel::Action action) {
  switch (action) {
    case SweptLevel::Action::kGone:
      return "gone";
    case SweptLevel::Action::kDeleted:
      return "deleted";
    case SweptLevel::Action::kWouldDelete:
      return "would be deleted";
    case SweptLevel::Action::kEmptied:
      return "emptied";
    case SweptLevel::Action::kLeft:
      return "left";
    case SweptLevel::Action::kKeptForNow:
      return "kept for now";
    case SweptLevel::Action::kRefused:
      return "refused";
  }
  return "kept for now";
}

bool has_level(const SweptTree& tree, SweptLevel::Action action) {
  return std::any_of(tree.levels.begin(), tree.levels.end(),
                     [&](const SweptLevel& level) { return level.action == action; });
}

bool is_done(const SweptLevel& level) {
  return level.action == SweptLevel::Action::kGone ||
         level.action == SweptLevel::Action::kDeleted || level.action == SweptLevel::Action::kLeft;
}

std::string to_line(const store::TreeRecord& record, const SweptLevel& level) {
  return fmt::format("{}: {} ({})", base::escape_for_terminal(shown_level(record, level.raw_name)),
                     word(level.action), base::escape_for_terminal(level.why));
}

// An escaped line for each thing that should have been done to the tree and was not.
std::vector<std::string> troubles_of(const TreeOutcome& outcome) {
  std::vector<std::string> lines;
  const std::string account = base::escape_for_terminal(outcome.record.account);
  for (const SweptLevel& level : outcome.swept.levels) {
    if (level.action != SweptLevel::Action::kRefused &&
        level.action != SweptLevel::Action::kKeptForNow) {
      continue;
    }
    lines.push_back(
        fmt::format("{}: {}: {}", account,
                    base::escape_for_terminal(shown_level(outcome.record, level.raw_name)),
                    base::escape_for_terminal(level.why)));
  }
  for (const std::string& why : {outcome.error, outcome.why_unreachable()}) {
    if (why.empty()) continue;
    lines.push_back(
        fmt::format("{}: {}: {}", account, base::escape_for_terminal(outcome.record.name), why));
  }
  return lines;
}

// Why the tree is still there; empty: it is not.
std::string reason_of(const TreeOutcome& outcome) {
  if (outcome.is_closed) return "";
  if (const auto troubles = troubles_of(outcome); !troubles.empty()) return troubles.front();
  const auto left = std::ranges::find_if_not(outcome.swept.levels, is_done);
  return left == outcome.swept.levels.end()
             ? ""
             : fmt::format("{}: {}", base::escape_for_terminal(outcome.record.account),
                           to_line(outcome.record, *left));
}

std::string left_to_text(const store::TreeRecord& record) {
  return fmt::format(
      "{}: {}: is due, and left to the host that made it, or, once that has been silent for two "
      "days, to the host that backs up",
      base::escape_for_terminal(record.account), base::escape_for_terminal(record.name));
}

std::string rescued_to_text(const store::TreeRecord& record, const SweptLevel& level) {
  if (level.rescued == 0) return "";
  std::string text = fmt::format("    {} that mailstow did not put there: rescued first",
                                 base::format_count(level.rescued, "message"));
  for (const std::string& snapshot : level.snapshots) {
    text += fmt::format("\n      mailstow-restore run {} --all --at {}",
                        base::shell_quoted(record.account), base::shown_id(snapshot));
  }
  return text + "\n";
}

}  // namespace

std::string TreeOutcome::why_unreachable() const {
  if (unreachable.empty()) return "";
  return is_closed
             ? fmt::format(
                   "{}; this has been so since {}: its record is closed, and its folders stay",
                   unreachable, base::shown_time(unreachable_since))
             : fmt::format(
                   "{}; its record is closed 30 days after {}, or with `mailstow-restore expire {} "
                   "{} --forget-record`",
                   unreachable, base::shown_time(unreachable_since),
                   base::shell_quoted(record.account), base::shell_quoted(record.name));
}

std::string count_of_trees(std::size_t count) {
  return count == 1 ? "1 tree is" : fmt::format("{} trees are", count);
}

std::string shown_level(const store::TreeRecord& record, const std::string& raw_name) {
  if (raw_name == record.raw_name) return record.name;
  if (raw_name.starts_with(record.raw_name + record.delimiter)) {
    const std::string below = raw_name.substr(record.raw_name.size() + 1);
    return record.name + "/" + imap::shown_folder_name(below, record.delimiter, "");
  }
  if (!record.raw_name.starts_with(raw_name + record.delimiter)) return raw_name;
  std::string name = record.name;
  const auto levels_left =
      std::count(record.raw_name.begin() + static_cast<std::ptrdiff_t>(raw_name.size()),
                 record.raw_name.end(), record.delimiter);
  for (auto level = levels_left; level > 0; --level) {
    name.erase(std::min(name.rfind('/'), name.size()));
  }
  return name;
}

base::ExitStatus SweepReport::exit_status() const {
  using base::ExitStatus;
  const bool did_something =
      std::any_of(trees.begin(), trees.end(), [](const TreeOutcome& outcome) {
        const bool is_done = !outcome.error_code && outcome.unreachable.empty();
        return is_done || has_level(outcome.swept, SweptLevel::Action::kDeleted);
      });
  ExitStatus status = has_unreadable_records ? ExitStatus::kDamaged : ExitStatus::kDone;
  if (not_reached > 0) {
    status =
        base::more_severe(status, did_something ? ExitStatus::kPartial : ExitStatus::kNothingDone);
  }
  if (held_back > 0) status = base::more_severe(status, ExitStatus::kPartial);
  if (!not_recorded.empty()) status = base::more_severe(status, ExitStatus::kPartial);
  for (const TreeOutcome& outcome : trees) {
    if (!outcome.unreachable.empty() && outcome.is_report_due) {
      status = base::more_severe(status, ExitStatus::kPartial);
    }
    if (!outcome.error_code) continue;
    const ExitStatus own = base::exit_status(*outcome.error_code);
    const bool is_partial = own == ExitStatus::kNothingDone && did_something;
    status = base::more_severe(status, is_partial ? ExitStatus::kPartial : own);
  }
  return status;
}

nlohmann::ordered_json SweepReport::to_document() const {
  auto documents = nlohmann::ordered_json::array();
  for (const TreeOutcome& outcome : trees) {
    auto levels = nlohmann::ordered_json::array();
    for (const SweptLevel& level : outcome.swept.levels) {
      levels.push_back({{"folder", shown_level(outcome.record, level.raw_name)},
                        {"action", word(level.action)},
                        {"why", level.why},
                        {"rescued", level.rescued},
                        {"snapshots", level.snapshots}});
    }
    documents.push_back({{"account", outcome.record.account},
                         {"tree", outcome.record.name},
                         {"expired", base::format_rfc3339(outcome.record.expires)},
                         {"finished", outcome.swept.is_finished && outcome.error.empty()},
                         {"levels", std::move(levels)}});
    if (!outcome.error.empty()) documents.back()["error"] = outcome.error;
    if (outcome.unreachable.empty()) continue;
    documents.back()["unreachable"] = outcome.unreachable;
    documents.back()["unreachable_since"] = base::format_rfc3339(outcome.unreachable_since);
    documents.back()["record_closed"] = outcome.is_closed && !is_dry_run;
  }
  nlohmann::ordered_json document = {{"dry_run", is_dry_run},
                                     {"trees", std::move(documents)},
                                     {"unrecorded", to_json(unrecorded)}};
  if (not_reached > 0) document["not_reached"] = not_reached;
  if (!clock_doubt.empty()) document["clock_doubted"] = clock_doubt;
  if (!older_records.empty()) document["older_records"] = older_records;
  for (const store::TreeRecord& record : left_to_other_hosts) {
    document["left_to_other_hosts"].push_back(
        {{"account", record.account}, {"tree", record.name}, {"host", record.host}});
  }
  if (!not_recorded.empty()) document["not_recorded"] = not_recorded;
  for (const store::TreeRecord& record : redated) {
    document["redated"].push_back({{"account", record.account},
                                   {"tree", record.name},
                                   {"expires", base::format_rfc3339(record.expires)}});
  }
  if (next) {
    document["next"] = {{"account", next->account},
                        {"tree", next->name},
                        {"expires", base::format_rfc3339(next->expires)}};
  }
  return document;
}

std::vector<std::string> SweepReport::troubles() const {
  std::vector<std::string> lines = older_records;
  lines.insert(lines.end(), not_recorded.begin(), not_recorded.end());
  if (held_back > 0) {
    lines.push_back(fmt::format("trees are due, none was deleted: {}", clock_doubt));
  }
  for (const TreeOutcome& outcome : trees) {
    std::ranges::move(troubles_of(outcome), std::back_inserter(lines));
  }
  return lines;
}

std::vector<base::SweepReason> SweepReport::reasons() const {
  std::vector<base::SweepReason> reasons;
  if (held_back > 0) reasons.push_back({.tree = "", .why = "none was deleted: " + clock_doubt});
  for (const TreeOutcome& outcome : trees) {
    std::string why = reason_of(outcome);
    if (!why.empty()) reasons.push_back({outcome.record.id, std::move(why)});
  }
  for (const store::TreeRecord& record : left_to_other_hosts) {
    reasons.push_back({record.id, left_to_text(record)});
  }
  return reasons;
}

std::string SweepReport::to_text() const {
  std::string text;
  const char* none = "No tree is due.";
  for (const TreeOutcome& outcome : trees) {
    // cron mails whatever is printed.
    if (!outcome.unreachable.empty() && !outcome.is_report_due) {
      none = "No other tree is due.";
      continue;
    }
    text += fmt::format("{}: {}\n", base::escape_for_terminal(outcome.record.account),
                        base::escape_for_terminal(outcome.record.name));
    for (const SweptLevel& level : outcome.swept.levels) {
      text += fmt::format("  {}\n", to_line(outcome.record, level));
      text += rescued_to_text(outcome.record, level);
    }
    for (const std::string& why : {outcome.error, outcome.why_unreachable()}) {
      if (!why.empty()) text += fmt::format("  {}\n", why);
    }
  }
  if (not_reached > 0) {
    text += fmt::format("Stopped: {} still due; the next sweep will continue.\n",
                        count_of_trees(not_reached));
  }
  if (held_back > 0) text = count_of_trees(held_back) + " due, none was deleted.\n";
  if (text.empty() && next) {
    text = fmt::format(
        "{} The next one expires {}: {}: {}\n", none, base::format_zoned(next->expires, time_zone),
        base::escape_for_terminal(next->account), base::escape_for_terminal(next->name));
  }
  if (text.empty()) text = std::string(none) + "\n";
  for (const store::TreeRecord& record : left_to_other_hosts) {
    text += left_to_text(record) + "\n";
  }
  for (const store::TreeRecord& record : redated) {
    text += fmt::format("{}: {}: a wrong clock dated it: it expires {}\n",
                        base::escape_for_terminal(record.account),
                        base::escape_for_terminal(record.name),
                        base::format_zoned(record.expires, time_zone));
  }
  for (const std::string& line : older_records) text += line + "\n";
  for (const std::string& line : not_recorded) text += line + "\n";
  return text + restore::to_text(unrecorded);
}

}  // namespace restore
