// The result of one check of `doctor`.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

#include "base/exit_status.h"

namespace backupd {

enum class FindingState { kOk, kWarning, kFailure };

constexpr std::string_view word(FindingState state) {
  switch (state) {
    case FindingState::kOk:
      return "ok";
    case FindingState::kWarning:
      return "warning";
    case FindingState::kFailure:
      return "failure";
  }
  return "";
}

struct Finding {
  std::string check;    // "certificate": what was checked
  std::string subject;  // a file, a server, an account; escaped, may be empty
  FindingState state = FindingState::kOk;
  std::string what;    // escaped
  std::string remedy;  // what to do; empty if all is well
  // For a failure: kUsage for the configuration and keys, kDamaged for the store.
  base::ExitStatus exit_status = base::ExitStatus::kPartial;
  bool operator==(const Finding&) const = default;
};

Finding passed(std::string check, std::string subject, std::string what);
Finding warning(std::string check, std::string subject, std::string what, std::string remedy);
Finding failure(std::string check, std::string subject, std::string what, std::string remedy,
                base::ExitStatus exit_status = base::ExitStatus::kPartial);

// The exit status of the gravest failure; kDone if there are at most warnings.
base::ExitStatus exit_status_of(const std::vector<Finding>& findings);

void to_json(nlohmann::ordered_json& document, const Finding& finding);
void from_json(const nlohmann::ordered_json& document, Finding& finding);

enum class Coloring { kNone, kTerminal };

// One line per finding with its mark, followed by the remedy. Findings about several accounts that
// have one cause (backupd/report/cause_groups.h) are shown as one, with the text of the first and
// the names of three, and the document is named for the others; of each check, at most eight causes
// and a line for the accounts with others.
std::string to_text(const std::vector<Finding>& findings, Coloring coloring);

}  // namespace backupd
