// The text of a report: of a restore, and of the plan of one.
#include <algorithm>
#include <utility>

#include <fmt/format.h>

#include "base/ascii.h"
#include "base/id_text.h"
#include "base/shell_quote.h"
#include "base/terminal.h"
#include "base/time_text.h"
#include "restore/output.h"
#include "restore/restore_report.h"

namespace restore {

namespace {

std::string renaming(const FolderReport& folder) {
  return fmt::format("{} becomes {}: {}.\n", base::escape_for_terminal(folder.source),
                     base::escape_for_terminal(folder.target), folder.renamed);
}

// "INBOX", "INBOX and Sent", "INBOX, Sent, Archive and 4 more folders".
std::string restored_folders(const std::vector<FolderReport>& folders) {
  constexpr std::size_t kMaxNamed = 3;
  std::vector<std::string> names;
  for (const FolderReport& folder : folders) {
    if (folder.restored > 0) names.push_back(base::escape_for_terminal(folder.source));
  }
  std::string last;
  if (names.size() > kMaxNamed) {
    const std::size_t more = names.size() - kMaxNamed;
    last = base::format_count(more, "more folder");
    names.resize(kMaxNamed);
  } else if (names.size() > 1) {
    last = std::move(names.back());
    names.pop_back();
  }
  const std::string text = fmt::format("{}", fmt::join(names, ", "));
  return last.empty() ? text : text + " and " + last;
}

// A line for each message.
std::string refused_lines(const char* what, const FolderReport& folder,
                          const std::vector<RefusedMessage>& messages) {
  std::string lines;
  for (const RefusedMessage& message : messages) {
    lines += fmt::format("{}: {}, UID {}: {}\n", what, base::escape_for_terminal(folder.source),
                         message.uid.value, base::escape_for_terminal(message.reason));
  }
  return lines;
}

}  // namespace

std::string RestoreReport::origin() const {
  if (snapshot.empty()) return "";
  return fmt::format("From the snapshot of {} ({}).\n",
                     base::format_zoned(snapshot_time, time_zone), base::shown_id(snapshot));
}

std::string RestoreReport::plan_to_text() const {
  std::vector<std::vector<std::string>> rows;
  std::string remarks;
  for (const std::string& note : notes) remarks += base::escape_for_terminal(note) + "\n";
  for (const FolderReport& folder : folders) {
    const bool is_other = !plan->shown_tree.empty() && folder.target.starts_with(tree);
    rows.push_back({folder.source,
                    is_other ? plan->shown_tree + folder.target.substr(tree.size()) : folder.target,
                    base::format_count(folder.messages), base::format_size(folder.bytes)});
    if (!folder.renamed.empty()) remarks += renaming(folder);
    for (const RefusedMessage& message : folder.skipped) {
      remarks +=
          fmt::format("Left out: {}, UID {}: {}.\n", base::escape_for_terminal(folder.source),
                      message.uid.value, message.reason);
    }
  }
  if (plan->counts.deleted > 0) {
    remarks += fmt::format("Without \\Deleted, so that no mail program removes them: {}.\n",
                           base::format_count(plan->counts.deleted));
  }
  if (plan->counts.keywords_lost > 0) {
    remarks += fmt::format("Without keywords that the server does not keep: {}.\n",
                           base::format_count(plan->counts.keywords_lost));
  }
  if (plan->counts.keywords_unsure > 0) {
    remarks += fmt::format(
        "With keywords, which the server may not support; the restore will report it: {}.\n",
        base::format_count(plan->counts.keywords_unsure));
  }
  if (plan->counts.undated > 0) {
    remarks += fmt::format("Without a date, so that the server gives them one: {}.\n",
                           base::format_count(plan->counts.undated));
  }
  remarks += undated_text(undated);
  const std::string room =
      plan->room ? fmt::format("Quota: {} of {} KiB used; ", plan->room->usage, plan->room->limit)
      : plan->is_room_unknown
          ? std::string("The quota is unknown: the server does not carry out GETQUOTAROOT; ")
          : std::string("The server reports no limit; ");
  return base::format_table({{"FOLDER", base::Align::kLeft, base::Width::kCut},
                             {"BECOMES", base::Align::kLeft, base::Width::kCut},
                             {"MESSAGES", base::Align::kRight},
                             {"SIZE", base::Align::kRight}},
                            rows, base::output_room()) +
         remarks + origin() +
         fmt::format("{}, {}, in about {} s. {}{}.\n{}",
                     base::format_count(plan->counts.messages, "message"),
                     base::format_size(plan->counts.bytes), plan->counts.estimated.count(), room,
                     tree.empty()
                         ? "mail restored in place counts like any other"
                         : "whether the tree counts is tested before its first message is restored",
                     plan->took_backup
                         ? "A backup was taken, to find what is missing; otherwise nothing "
                           "was written.\n"
                         : "Nothing was written.\n");
}

std::string RestoreReport::to_text() const {
  if (plan) return plan_to_text();
  std::string text;
  Counts counts;
  for (const FolderReport& folder : folders) {
    counts.planned += folder.messages;
    counts.restored += folder.restored;
    counts.altered += folder.altered.size();
    counts.skipped += folder.skipped.size();
    counts.not_compared += folder.not_compared;
    if (!folder.renamed.empty()) text += renaming(folder);
    for (const AlteredMessage& message : folder.altered) {
      text += fmt::format("altered: {}, UID {}: {}\n", base::escape_for_terminal(folder.source),
                          message.uid.value, base::escape_for_terminal(message.how));
    }
    text += refused_lines("not restored", folder, folder.skipped);
    text += refused_lines("not compared", folder, folder.uncompared);
  }
  text += undated_text(undated);
  for (const std::string& note : notes) text += base::escape_for_terminal(note) + "\n";
  if (!text.empty()) text += "\n";
  return text + summary(counts) + words_for_user(counts);
}

// Two lines for the user, in plain words: what was put back, where it is and until when. Empty if
// that is not final.
std::string RestoreReport::words_for_user(const Counts& counts) const {
  // A restore into another account is the administrator's own affair.
  if (!error.empty() || counts.restored == 0 || to != account) return "";
  const auto moment = [&](std::chrono::sys_seconds time) {
    return fmt::format("{} ({})", base::format_local(time, time_zone), time_zone);
  };
  std::string text =
      fmt::format("\nWe have put back {}{} from {}", base::format_count(counts.restored),
                  counts.restored == counts.planned
                      ? (counts.planned == 1 ? std::string(" message") : std::string(" messages"))
                      : " of " + base::format_count(counts.planned, "message"),
                  restored_folders(folders));
  if (!snapshot.empty()) text += ", as of " + moment(snapshot_time);
  const char* const they = counts.restored == 1 ? "It is" : "They are";
  if (tree.empty()) {
    const bool is_renamed = std::ranges::any_of(
        folders, [](const FolderReport& folder) { return !folder.renamed.empty(); });
    return fmt::format(
        "{}.\n{} in {}.\n", text, they,
        is_renamed ? "the folders that are named above" : "the same folders as before");
  }
  return fmt::format(
      "{}.\n{} in the folder {} of your mailbox until {}: please copy what you want to keep to "
      "another folder before then.\n",
      text, they, base::escape_for_terminal(tree), moment(expires));
}

// How many messages are back, and what became of the others.
std::string RestoreReport::outcome(const Counts& counts) const {
  const std::string messages = base::format_count(counts.planned, "message");
  std::string place =
      tree.empty() ? "where they were" : "in the folder " + base::escape_for_terminal(tree);
  if (to != account) place += " of " + base::escape_for_terminal(to);
  if (counts.restored == counts.planned) {
    return fmt::format("{}: {}{} {} back, {}.\n", base::escape_for_terminal(account),
                       counts.planned == 1 ? "" : "all ", messages,
                       counts.planned == 1 ? "is" : "are", place);
  }
  std::string text = fmt::format("{}: {} of {} are back, {}", base::escape_for_terminal(account),
                                 base::format_count(counts.restored), messages, place);
  const std::uint64_t known = counts.restored + counts.skipped + counts.not_compared;
  if (counts.skipped + counts.restored == counts.planned) {
    return text + "; the others are listed above.\n";
  }
  if (counts.skipped > 0) {
    text += fmt::format("; not restored, as listed above: {}", base::format_count(counts.skipped));
  }
  if (counts.not_compared > 0) {
    text += fmt::format("; accepted by the server, but not read back: {}",
                        base::format_count(counts.not_compared));
  }
  if (known < counts.planned) {
    text += fmt::format("; not sent, or not known to have arrived: {}",
                        base::format_count(counts.planned - known));
  }
  return text + ".\n";
}

// Claims nothing about messages that were not read back.
std::string RestoreReport::comparison(const Counts& counts) {
  if (counts.restored == 0) return counts.planned == 0 ? "" : "No message was read back.\n";
  std::string text = counts.restored == counts.planned
                         ? "Each was read back from the server and compared: "
                         : "Each of those was read back from the server and compared: ";
  text += counts.altered == 0
              ? std::string("all are exactly as they were.\n")
              : fmt::format(
                    "{} are exactly as they were, {} {} altered by the server, as listed above.\n",
                    base::format_count(counts.restored - counts.altered),
                    base::format_count(counts.altered), counts.altered == 1 ? "was" : "were");
  return text;
}

// Whether the tree can be expected to go in time.
std::string RestoreReport::expectation() const {
  std::string text = last_sweep->to_text(time_zone);
  if (last_sweep->is_recent) {
    text.front() = base::to_upper(text.front());
    return text + ".\n";
  }
  return fmt::format(
      "WARNING: {}: the folder stays until `mailstow-restore sweep` runs, which a timer or the "
      "daemon must start every hour.\n",
      text);
}

std::string RestoreReport::resuming_command() const {
  return fmt::format("mailstow-restore run {} --resume {}{}", base::shell_quoted(account),
                     base::shell_quoted(tree), resume_options);
}

// Sentences that can be passed on to the user.
std::string RestoreReport::summary(const Counts& counts) const {
  std::string text = outcome(counts) + origin() + comparison(counts);
  if (without_deleted) {
    text += "The mark \\Deleted was left off, so that no mail program removes them.\n";
  }
  if (!tree.empty()) {
    text += !quota.exempt   ? "Whether they count towards the quota is not known"
            : *quota.exempt ? "They do not count towards the quota"
                            : "They count towards the quota";
    text += fmt::format(
        " ({}).\nOn {} the folder is removed: copy anything you want to keep elsewhere, or extend "
        "it with\n"
        "    mailstow-restore extend {} {} 7d\n",
        base::escape_for_terminal(quota.proof), base::format_zoned(expires, time_zone),
        base::shell_quoted(to), base::shell_quoted(tree));
    if (last_sweep) text += expectation();
  }
  if (!error.empty()) {
    text += "It ended early: " + base::escape_for_terminal(error) + "\n";
    text += tree.empty()
                ? std::string("Run the same command again to continue where this one ended.\n")
                : "To continue: " + resuming_command() + "\n";
  }
  return text;
}

}  // namespace restore
