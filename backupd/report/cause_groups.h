// Recognises errors of accounts that have one cause, though each text names another account,
// session or time: a server that refuses 2,000 accounts is one problem.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>

namespace backupd {

// Where people find what a text about a backup leaves out (backupd/kept_report.h).
inline constexpr std::string_view kSeeReport = "see reports/backup.json beside the index";

// The names by which an error may call an account, not escaped.
struct AccountNames {
  std::string_view name;  // in the configuration
  std::string_view user;  // at the server; empty: not known
};

class CauseGroups {
 public:
  // The number of the error's cause: those of earlier errors with the same cause, or the next one,
  // from 0. Two causes are the same if the errors differ only in
  //   - the account's own names, their local parts and domains, and any mail address,
  //   - words with digits: numbers, times, identifiers,
  //   - what stands in angle brackets, or in square ones that contain a digit.
  // The URL at the beginning always counts. `error`: escaped; 2,048 bytes of it, and 256 of its
  // normal form, are compared: longer texts that agree so far have one cause.
  std::size_t number_of(std::string_view error, const AccountNames& account);

  std::size_t size() const { return next_; }

 private:
  std::unordered_map<std::string, std::size_t> numbers_;  // by normal form
  std::size_t next_ = 0;
};

// Chooses what is shown of texts that may be as many as there are accounts: the first ones of each
// cause, up to a number in all. The others are counted.
class FewOfEach {
 public:
  FewOfEach(std::size_t most_alike, std::size_t most) : most_alike_(most_alike), most_(most) {}

  // Whether the text is to be shown.
  bool admits(std::string_view error, const AccountNames& account);

  // Texts that are not shown: those with the cause of one that is, and the others.
  std::size_t left_out_alike() const { return left_out_alike_; }
  std::size_t left_out_others() const { return left_out_others_; }
  std::size_t left_out() const { return left_out_alike_ + left_out_others_; }

 private:
  std::size_t most_alike_;
  std::size_t most_;
  CauseGroups groups_;
  std::unordered_map<std::size_t, std::size_t> shown_;  // texts of each cause
  std::size_t shown_in_all_ = 0;
  std::size_t left_out_alike_ = 0;
  std::size_t left_out_others_ = 0;
};

}  // namespace backupd
