// What `doctor` says of one thing that must be right.
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
  std::string check;    // "certificate": what was looked at
  std::string subject;  // of what: a file, a server, an account; escaped, may be empty
  FindingState state = FindingState::kOk;
  std::string what;    // escaped
  std::string remedy;  // what to do; empty where all is well
  // Of a failure: kUsage for the configuration and keys, kDamaged for the store.
  base::ExitStatus exit_status = base::ExitStatus::kPartial;
  bool operator==(const Finding&) const = default;
};

Finding all_right(std::string check, std::string subject, std::string what);
Finding warning(std::string check, std::string subject, std::string what, std::string remedy);
Finding failure(std::string check, std::string subject, std::string what, std::string remedy,
                base::ExitStatus exit_status = base::ExitStatus::kPartial);

// The gravest failure's; kDone where there are warnings at most.
base::ExitStatus exit_status_of(const std::vector<Finding>& findings);

void to_json(nlohmann::ordered_json& document, const Finding& finding);
void from_json(const nlohmann::ordered_json& document, Finding& finding);

enum class Coloring { kNone, kTerminal };

// A line a finding with its mark, and below it what to do.
std::string to_text(const std::vector<Finding>& findings, Coloring coloring);

}  // namespace backupd
