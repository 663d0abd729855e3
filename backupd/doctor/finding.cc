#include "backupd/doctor/finding.h"

#include <algorithm>
#include <utility>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "base/terminal.h"

namespace backupd {

namespace {

using base::ExitStatus;

struct Mark {
  std::string_view text;
  std::string_view color;  // of a terminal (ECMA-48, SGR)
};

constexpr Mark mark_of(FindingState state) {
  switch (state) {
    case FindingState::kOk:
      return {"ok     ", "\x1b[32m"};
    case FindingState::kWarning:
      return {"warning", "\x1b[33m"};
    case FindingState::kFailure:
      return {"FAILURE", "\x1b[31m"};
  }
  return {};
}

FindingState state_of(std::string_view word_of_state) {
  for (const FindingState state : {FindingState::kOk, FindingState::kWarning}) {
    if (word(state) == word_of_state) return state;
  }
  return FindingState::kFailure;
}

}  // namespace

Finding passed(std::string check, std::string subject, std::string what) {
  return {std::move(check), std::move(subject), FindingState::kOk, std::move(what), ""};
}

Finding warning(std::string check, std::string subject, std::string what, std::string remedy) {
  return {std::move(check), std::move(subject), FindingState::kWarning, std::move(what),
          std::move(remedy)};
}

Finding failure(std::string check, std::string subject, std::string what, std::string remedy,
                ExitStatus exit_status) {
  return {std::move(check), std::move(subject), FindingState::kFailure,
          std::move(what),  std::move(remedy),  exit_status};
}

ExitStatus exit_status_of(const std::vector<Finding>& findings) {
  ExitStatus status = ExitStatus::kDone;
  for (const Finding& finding : findings) {
    if (finding.state == FindingState::kFailure) status = more_severe(status, finding.exit_status);
  }
  return status;
}

void to_json(nlohmann::ordered_json& document, const Finding& finding) {
  document = {{"check", finding.check},
              {"subject", finding.subject},
              {"state", word(finding.state)},
              {"what", finding.what},
              {"remedy", finding.remedy}};
  if (finding.state == FindingState::kFailure) {
    document["exit_status"] = static_cast<int>(finding.exit_status);
  }
}

void from_json(const nlohmann::ordered_json& document, Finding& finding) {
  finding.check = document.at("check").get<std::string>();
  finding.subject = document.at("subject").get<std::string>();
  finding.state = state_of(document.at("state").get<std::string>());
  finding.what = document.at("what").get<std::string>();
  finding.remedy = document.at("remedy").get<std::string>();
  finding.exit_status = static_cast<ExitStatus>(
      document.value("exit_status", static_cast<int>(ExitStatus::kPartial)));
}

std::string to_text(const std::vector<Finding>& findings, Coloring coloring) {
  std::string text;
  for (const Finding& finding : findings) {
    const Mark mark = mark_of(finding.state);
    const bool is_colored = coloring == Coloring::kTerminal;
    text += fmt::format("{}{}{}  {}{}{}: {}\n", is_colored ? mark.color : "", mark.text,
                        is_colored ? "\x1b[0m" : "", finding.check,
                        finding.subject.empty() ? "" : " ", finding.subject, finding.what);
    if (!finding.remedy.empty()) text += fmt::format("         -> {}\n", finding.remedy);
  }
  const auto count = [&](FindingState state) {
    return static_cast<std::uint64_t>(std::ranges::count(findings, state, &Finding::state));
  };
  return text + fmt::format("\n{}, {}, {} ok.\n",
                            base::format_count(count(FindingState::kFailure), "failure"),
                            base::format_count(count(FindingState::kWarning), "warning"),
                            base::format_count(count(FindingState::kOk)));
}

}  // namespace backupd
