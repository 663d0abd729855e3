// Failures of many accounts for one cause, such as a server that is down: reported once.
#pragma once

#include <cstddef>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace backupd {

struct FailedAccount {
  std::string account;
  std::string error;
  std::vector<std::string> alarms;  // that have the same cause
  std::string user = {};            // its login name; empty: not known
};

class CommonCauses {
 public:
  // `failed`: accounts of which nothing else is to be reported, or the caller reports it. Errors
  // have one cause as backupd/report/cause_groups.h describes.
  explicit CommonCauses(const std::vector<FailedAccount>& failed);

  // Whether lines() reports the account, or counts it. Of causes that few accounts have, it does so
  // only if a report one by one, of a line for the account, its error and each alarm, would make
  // more than kMaxLines lines of all.
  bool cover(const std::string& account) const { return covered_.contains(account); }

  // A few lines for each cause, that of most accounts first, with the error of one account;
  // escaped. No more than kMaxLines altogether: the accounts with other causes are counted.
  const std::vector<std::string>& lines() const { return lines_; }

  static constexpr std::size_t kMaxLines = 11;

  // "alice, bob, carol and 1,987 more", escaped.
  static std::string names_of(const std::vector<std::string>& accounts);

 private:
  struct Cause {
    std::string error;  // of the first account
    bool has_other_texts = false;
    std::vector<std::string> accounts;
    std::map<std::string, std::size_t> alarms;  // how many accounts have each
    std::size_t alarmed = 0;                    // accounts that have any
  };

  static std::vector<Cause> causes_of(const std::vector<FailedAccount>& failed);
  static std::vector<std::string> lines_of(const Cause& cause);
  static std::vector<std::string> alarm_lines_of(const Cause& cause);
  void report(const std::vector<Cause>& causes);

  std::vector<std::string> lines_;
  std::set<std::string> covered_;
};

}  // namespace backupd
