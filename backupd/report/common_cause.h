// Failures of many accounts for one cause, such as a server that is down: reported once.
#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace backupd {

// Where people find the accounts that a text about their state leaves out, and the reasons of
// backups.
inline constexpr std::string_view kSeeStatus = "see `mailstow-backupd status --json`";
inline constexpr std::string_view kSeeHistory = "see `mailstow-backupd status --history`";

struct FailedAccount {
  std::string account;
  std::string error;
  std::vector<std::string> alarms;  // that have the same cause
  std::string user = {};            // its login name; empty: not known
};

class CommonCauses {
 public:
  // `failed`: accounts of which nothing else is to be reported, or the caller reports it. Errors
  // have one cause as backupd/report/cause_groups.h describes. `see_rest`: where what the lines
  // leave out is found (backupd/report/kept_report.h).
  CommonCauses(const std::vector<FailedAccount>& failed, std::string_view see_rest);

  // Whether lines() reports the account, or counts it. Of causes that few accounts have, it does so
  // only if a report one by one, of a line for the account, its error and each alarm, would make
  // more than kMaxLines lines of all.
  bool cover(const std::string& account) const { return covered_.contains(account); }

  // A few lines for each cause, that of most accounts first, with the error of one account;
  // escaped. No more than kMaxLines altogether: the accounts with other causes are counted.
  const std::vector<std::string>& lines() const { return lines_; }

  static constexpr std::size_t kMaxLines = 11;

  // "alice, bob, carol and 1,987 more (SEE_REST)", escaped. `see_rest`: where the others are found;
  // empty: the caller's text names it.
  static std::string names_of(const std::vector<std::string>& accounts, std::string_view see_rest);

 private:
  struct Cause {
    std::string error;  // of the first account
    bool has_other_texts = false;
    std::vector<std::string> accounts;
    std::map<std::string, std::size_t> alarms;  // how many accounts have each
    std::size_t alarmed = 0;                    // accounts that have any
  };

  static std::vector<Cause> causes_of(const std::vector<FailedAccount>& failed);
  std::vector<std::string> lines_of(const Cause& cause) const;
  static std::vector<std::string> alarm_lines_of(const Cause& cause);
  void report(const std::vector<Cause>& causes);

  std::string see_rest_;
  std::vector<std::string> lines_;
  std::set<std::string> covered_;
};

}  // namespace backupd
