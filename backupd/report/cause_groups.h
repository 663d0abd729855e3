// Recognises errors of accounts that have one cause, though each text names another account,
// session or time: a server that refuses 2,000 accounts is one problem.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace backupd {

// The names that a text about an account may contain, not escaped.
struct AccountNames {
  std::string_view name;         // in the configuration
  std::string_view user;         // at the server; empty: not known
  std::string_view folder = {};  // shown name; empty: the text is about no single folder
};

class CauseGroups {
 public:
  // The number of the error's cause: those of earlier errors with the same cause, or the next one,
  // from 0. Two causes are the same if the errors differ only in
  //   - the account's own names, their local parts and domains, and any mail address,
  //   - the name of the folder that they are about,
  //   - words with digits: numbers, times, identifiers,
  //   - what stands in angle brackets, or in square ones that contain a digit.
  // The URL at the beginning always counts. `error`: escaped, except for the folder's name; 2,048
  // bytes of it, and 256 of its normal form, are compared: longer texts that agree so far have one
  // cause.
  std::size_t number_of(std::string_view error, const AccountNames& account);

  // Likewise, but remembers nothing of the error: nullopt if no earlier one has its cause.
  std::optional<std::size_t> find(std::string_view error, const AccountNames& account) const;

  std::size_t size() const { return next_; }

  // How many normal forms are remembered: up to two for each error.
  std::size_t forms() const { return numbers_.size(); }

 private:
  std::optional<std::size_t> number_in(const std::array<std::string, 2>& forms) const;

  std::unordered_map<std::string, std::size_t> numbers_;  // by normal form
  std::size_t next_ = 0;
};

// Chooses what is shown of texts that may be as many as there are accounts: the first ones of each
// cause, up to a number in all. The others are counted.
class FewOfEach {
 public:
  // A report shows so many problems of a kind, so that it stays readable.
  static constexpr std::size_t kMaxAlike = 3;
  static constexpr std::size_t kMaxShown = 12;

  // Normal forms of up to 256 bytes that are remembered, besides two of each text that is shown.
  // The texts may be a million: later ones with new causes are counted among the others.
  static constexpr std::size_t kMaxForms = 1'000;

  explicit FewOfEach(std::size_t most_alike = kMaxAlike, std::size_t most = kMaxShown)
      : most_alike_(most_alike), most_(most) {}

  // Whether the text is to be shown.
  bool admits(std::string_view error, const AccountNames& account);

  // Texts that are not shown: those with the cause of one that is, and the others.
  std::size_t left_out_alike() const { return left_out_alike_; }
  std::size_t left_out_others() const { return left_out_others_; }
  std::size_t left_out() const { return left_out_alike_ + left_out_others_; }

  std::size_t forms() const { return groups_.forms(); }

 private:
  // The number of the text's cause; nullopt if it is not remembered.
  std::optional<std::size_t> cause_of(std::string_view error, const AccountNames& account);

  std::size_t most_alike_;
  std::size_t most_;
  CauseGroups groups_;
  std::unordered_map<std::size_t, std::size_t> shown_;  // texts of each cause
  std::size_t shown_in_all_ = 0;
  std::size_t left_out_alike_ = 0;
  std::size_t left_out_others_ = 0;
};

}  // namespace backupd
