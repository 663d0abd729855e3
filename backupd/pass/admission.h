// What an account's server says, cut down to what the store keeps of it (store/format/limits.h).
//
// What is over a limit is left out whole, the rest of the account is backed up, and the report says
// so. Only texts for people are shortened: two identifiers cut to one beginning would be equal.
#pragma once

#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "imap/folder.h"
#include "imap/message.h"
#include "store/format/account_properties.h"
#include "store/format/snapshot.h"

namespace backupd {

// One account's; one thread at a time.
class Admission {
 public:
  // That of the personal namespace; empty if it is left out.
  std::string prefix(const std::string& prefix);

  // Leaves out attributes and MAILBOXIDs, and all folders beyond the most that an account may have.
  // Folders with names that are too long stay in the list, for has_room_for_name().
  void admit(std::vector<imap::Folder>& listed);
  static bool has_room_for_name(const imap::Folder& folder);

  // Leaves out the MAILBOXID.
  void admit(const std::string& raw_name, imap::OpenFolder& open);

  // Leaves out flags and the EMAILID.
  void admit(const std::string& raw_name, imap::MessageItems& items);

  // Leaves out what is too long and what would be read back as something else. Of what is too much
  // together METADATA goes first, then rights, quota roots, quotas, namespaces and subscriptions.
  void admit(store::AccountProperties& properties);

  // What was left out, a line for each kind in each folder.
  std::vector<std::string> troubles() const;

 private:
  void leave_out(std::string_view raw_name, const char* what, std::size_t size, std::size_t limit);

  // Whether so many bytes are within the limit; what is not is noted as left out.
  bool fits(std::string_view raw_name, const char* what, std::size_t size, std::size_t limit);
  bool is_word(std::string_view raw_name, const char* what, std::string_view text,
               std::size_t limit);
  bool takes_room(std::string_view raw_name, const char* what, std::size_t size);

  struct Excess {
    std::size_t largest = 0;
    std::size_t limit = 0;  // 0: a NUL is in it
  };
  using Place = std::pair<std::string, std::string_view>;  // a raw name's beginning, what
  std::map<Place, Excess> left_out_;
  bool is_more_ = false;
  std::size_t most_folders_ = 0;  // 0: not too many
  std::size_t properties_ = 0;    // bytes of those admitted so far
};

// A reason for people as the store keeps it: one that is too long ends with "...", and a character
// is never cut in two.
std::string short_reason(std::string_view reason, std::size_t limit);

// Shortens each reason so far that all of a folder fit it (store/format/limits.h).
void shorten_reasons(std::vector<store::SkippedMessage>& skipped);

}  // namespace backupd
