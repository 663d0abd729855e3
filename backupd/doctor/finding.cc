#include "backupd/doctor/finding.h"

#include <algorithm>
#include <array>
#include <cstddef>
#include <map>
#include <utility>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "backupd/report/cause_groups.h"
#include "backupd/report/common_cause.h"
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

// The checks that report accounts, each in a finding of its own.
bool is_about_accounts(const Finding& finding) {
  static constexpr std::array<std::string_view, 4> kChecks = {"login", "identity", "namespaces",
                                                              "trees"};
  return finding.state != FindingState::kOk &&
         std::ranges::find(kChecks, finding.check) != kChecks.end();
}

// Findings with one cause, which are shown as the first one of them.
struct FindingGroup {
  Finding first;
  std::vector<std::string> subjects;  // escaped
  bool has_other_texts = false;       // of the others
};

constexpr const char* kFurther = "further problems: `mailstow-backupd doctor --json` lists them";

// What a server answers to all accounts is one problem, though each text names its account.
std::vector<FindingGroup> grouped_by_cause(const std::vector<Finding>& findings) {
  constexpr std::size_t kMaxShown = 8;  // causes that a check finds, as failures or as warnings
  struct Check {
    CauseGroups causes;
    std::map<std::size_t, std::size_t> places;  // of the causes that are shown
    std::size_t rest = 0;                       // the place of all others, if there are any
  };
  std::vector<FindingGroup> groups;
  std::map<std::pair<std::string, FindingState>, Check> checks;
  for (const Finding& finding : findings) {
    if (!is_about_accounts(finding)) {
      groups.push_back({finding, {finding.subject}});
      continue;
    }
    Check& check = checks[{finding.check, finding.state}];
    const std::size_t cause = check.causes.number_of(finding.what, {finding.subject, {}});
    const auto known = check.places.find(cause);
    if (known != check.places.end()) {
      FindingGroup& group = groups[known->second];
      group.subjects.push_back(finding.subject);
      group.has_other_texts = group.has_other_texts || finding.what != group.first.what;
    } else if (check.places.size() < kMaxShown) {
      check.places.emplace(cause, groups.size());
      groups.push_back({finding, {finding.subject}});
    } else if (check.rest != 0) {
      groups[check.rest].subjects.push_back(finding.subject);
    } else {
      check.rest = groups.size();
      groups.push_back({finding, {finding.subject}});
      groups.back().first.what = kFurther;
      groups.back().first.remedy.clear();
    }
  }
  return groups;
}

std::string subjects_of(const FindingGroup& group) {
  constexpr std::string_view kSeeDoctor = "see `mailstow-backupd doctor --json`";
  const bool names_it = group.first.what == kFurther;
  return CommonCauses::names_of(group.subjects, names_it ? "" : kSeeDoctor);
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
  for (const FindingGroup& group : grouped_by_cause(findings)) {
    const Finding& finding = group.first;
    const std::string subject = subjects_of(group);
    const Mark mark = mark_of(finding.state);
    const bool is_colored = coloring == Coloring::kTerminal;
    text += fmt::format("{}{}{}  {}{}{}: {}{}\n", is_colored ? mark.color : "", mark.text,
                        is_colored ? "\x1b[0m" : "", finding.check, subject.empty() ? "" : " ",
                        subject, group.has_other_texts ? "for example " : "", finding.what);
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
