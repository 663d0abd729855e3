// The report of a sweep: the document that `sweep --json` prints, its text, and its exit status.
#pragma once

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "base/error.h"
#include "base/exit_status.h"
#include "base/reporting/last_sweep.h"
#include "restore/tree_sweeper.h"
#include "restore/unrecorded_mail.h"
#include "store/tree_record.h"

namespace restore {

struct TreeOutcome {
  store::TreeRecord record;
  SweptTree swept;
  std::string error = {};  // why it ended early
  // The code of that error, or of the gravest for which a level was kept; nullopt: all was done.
  std::optional<base::ErrorCode> error_code = std::nullopt;

  // Why nothing can log in to the account, which has left the configuration; escaped. Empty: it was
  // reached.
  std::string unreachable = {};
  std::chrono::sys_seconds unreachable_since{};
  bool is_closed = false;  // its record is removed: the tree was unreachable for too long
  // Once a day: else it is not in the text and does not count in the exit status.
  bool is_report_due = true;

  // `unreachable`, and what follows from it: a line, escaped.
  std::string why_unreachable() const;
};

struct SweepReport {
  bool is_dry_run = false;
  std::vector<TreeOutcome> trees;
  std::vector<UnrecordedMail> unrecorded;
  std::string clock_doubt;                      // empty: the clock was trusted
  std::size_t held_back = 0;                    // due trees kept because of that doubt
  std::size_t not_reached = 0;                  // due trees left when a stop was requested
  bool has_unreadable_records = false;          // of trees
  std::vector<std::string> older_records = {};  // a line for each that was put back
  std::vector<store::TreeRecord> left_to_other_hosts = {};  // due trees that those made
  // An escaped line for each thing that could not be written down; the trees were swept all the
  // same.
  std::vector<std::string> not_recorded = {};
  std::vector<store::TreeRecord> redated = {};  // that a wrong clock dated, with their new times
  std::optional<store::TreeRecord> next = {};   // the next tree to expire
  std::string time_zone = "UTC";

  base::ExitStatus exit_status() const;
  nlohmann::ordered_json to_document() const;
  std::string to_text() const;

  // An escaped line for each thing that the sweep should have done and did not.
  std::vector<std::string> troubles() const;

  // Why trees that were due are still there: the first reason of each, or one for all.
  std::vector<base::SweepReason> reasons() const;
};

// "1 tree is", "2 trees are".
std::string count_of_trees(std::size_t count);

// A level's name as users see it. The record has the shown name of the tree's top; levels above it
// are shown as the beginning of that name, levels below it as they would be on their own.
std::string shown_level(const store::TreeRecord& record, const std::string& raw_name);

}  // namespace restore
