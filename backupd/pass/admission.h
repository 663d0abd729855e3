// Limits what an account's server sends to what the store accepts (store/format/limits.h).
//
// A value over a limit is left out as a whole, the rest of the account is backed up, and the report
// says so. Only texts for people are shortened: two identifiers cut to the same prefix would be
// equal.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "imap/folder.h"
#include "imap/message.h"
#include "store/format/account_properties.h"
#include "store/format/snapshot.h"

namespace backupd {

// For one account; one thread at a time.
class Admission {
 public:
  // Returns the prefix of the personal namespace; empty if it is left out.
  std::string prefix(const std::string& prefix);

  // Leaves out attributes, MAILBOXIDs (also those that several folders have), and all folders
  // beyond the number that an account may have. Folders with names that are too long stay in the
  // list, for has_room_for_name().
  void admit(std::vector<imap::Folder>& listed);
  static bool has_room_for_name(const imap::Folder& folder);

  // Reports that some personal namespaces are not used.
  void note(const imap::Namespaces& namespaces) {
    lacks_namespaces_ = lacks_namespaces_ || namespaces.lacks_personal;
  }

  // Reports that nothing but INBOX counts as the account's; `outside`: as outside_warning().
  void note_only_inbox(std::string outside) { only_inbox_ = std::move(outside); }

  // Reports the lines of LIST that were not understood.
  void note(const imap::ListGaps& gaps);
  // A warning for each of `lines` that is not among them.
  std::vector<std::string> other_odd_lines(const imap::OddLines& lines) const;

  // Leaves out the MAILBOXID.
  void admit(const std::string& raw_name, imap::OpenFolder& open);

  // Leaves out flags and the EMAILID. If the messages of a folder have too many different sets of
  // flags, the later ones keep only their system flags.
  void admit(const std::string& raw_name, imap::MessageItems& items);

  // Leaves out values that are too long and those that would not be read back as they were. If all
  // together are too much, METADATA is left out first, then rights, quota roots, quotas, namespaces
  // and subscriptions.
  void admit(store::AccountProperties& properties);

  // Returns what was left out, one line for each kind in each folder.
  std::vector<std::string> troubles() const;

 private:
  void leave_out(std::string_view raw_name, const char* what, std::size_t size, std::size_t limit);

  // Returns whether `size` bytes are within the limit; if not, notes the value as left out.
  bool fits(std::string_view raw_name, const char* what, std::size_t size, std::size_t limit);
  bool is_word(std::string_view raw_name, const char* what, std::string_view text,
               std::size_t limit);
  bool takes_room(std::string_view raw_name, const char* what, std::size_t size);
  void limit_each(const std::string& raw_name, std::vector<std::string>& flags);
  void limit_sets(const std::string& raw_name, std::vector<std::string>& flags);

  struct Excess {
    std::size_t largest = 0;
    std::size_t limit = 0;  // 0: it contains a NUL
  };
  using Place = std::pair<std::string, std::string_view>;  // the beginning of a raw name, what
  std::map<Place, Excess> left_out_;
  bool is_more_ = false;
  std::set<std::string> odd_lines_;
  bool is_list_empty_ = false;  // the last one, though INBOX can be opened
  bool lacks_namespaces_ = false;
  std::string only_inbox_;
  std::size_t most_folders_ = 0;  // 0: not too many
  std::size_t properties_ = 0;    // bytes of those admitted so far

  // The sets of flags of one folder, the one whose messages came last: their hashes and their
  // bytes.
  std::string folder_of_sets_;
  std::unordered_set<std::uint64_t> sets_;
  std::size_t set_bytes_ = 0;
};

// Shortens the reasons so that all reasons of a folder fit into it (store/format/limits.h).
void shorten_reasons(std::vector<store::SkippedMessage>& skipped);

}  // namespace backupd
