// What a sweep did: the document that `sweep --json` prints, its text, and its exit status.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "base/error.h"
#include "base/exit_status.h"
#include "restore/tree_sweeper.h"
#include "restore/unrecorded_mail.h"
#include "store/tree_record.h"

namespace restore {

struct TreeOutcome {
  store::TreeRecord record;
  SweptTree swept;
  std::string error = {};  // what ended it early
  // Of that, or of the gravest that a level was kept for; nothing: all of it was done.
  std::optional<base::ErrorCode> error_code = std::nullopt;
};

struct SweepReport {
  bool is_dry_run = false;
  std::vector<TreeOutcome> trees;
  std::vector<UnrecordedMail> unrecorded;
  std::string clock_doubt;              // empty: the clock was believed
  std::size_t held_back = 0;            // trees that are due, for that doubt
  std::size_t not_reached = 0;          // trees that are due, when it was asked to stop
  bool has_unreadable_records = false;  // of trees

  base::ExitStatus exit_status() const;
  nlohmann::ordered_json to_document() const;
  std::string to_text() const;

  // A line for each thing that a sweep should have done and did not, escaped.
  std::vector<std::string> troubles() const;
};

// "1 tree is", "2 trees are".
std::string count_of_trees(std::size_t count);

// A level's name as people have it. The record tells how the tree's top is shown; what is above it
// is shown as the beginning of that, what is below as it would be by itself.
std::string shown_level(const store::TreeRecord& record, const std::string& raw_name);

}  // namespace restore
