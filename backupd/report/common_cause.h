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
};

class CommonCauses {
 public:
  // `failed`: accounts of which nothing else is to be reported, or the caller reports it.
  explicit CommonCauses(const std::vector<FailedAccount>& failed);

  // Whether lines() reports the account.
  bool cover(const std::string& account) const { return covered_.contains(account); }

  // A few lines for each cause, escaped; no more than kMaxLines altogether.
  std::vector<std::string> lines() const;

  static constexpr std::size_t kMaxLines = 12;

  // "alice, bob, carol and 1,987 more", escaped.
  static std::string names_of(const std::vector<std::string>& accounts);

 private:
  struct Cause {
    std::vector<std::string> accounts;
    std::map<std::string, std::size_t> alarms;  // how many accounts have each
    std::size_t alarmed = 0;                    // accounts that have any
  };

  static std::vector<std::string> lines_of(const std::string& error, const Cause& cause);

  std::map<std::string, Cause> causes_;  // by error
  std::set<std::string> covered_;
};

}  // namespace backupd
