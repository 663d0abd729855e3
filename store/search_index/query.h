// A user's search query. Every term must match:
//
//   word  "several words in this order"  begin*      in subject or any address
//   subject:  from:  to: (Cc too)  cc:               the same, in that field only
//   message-id:                                      exactly
//   after:TIME  before:TIME  after:"3 days ago"      TIME itself is after, not before
//   folder:GLOB                                      of several, any
//
// Text that other programs would not take as words is refused unless it is in quotes: AND, OR and
// NOT in capitals, and fields that they have, such as has: or since:; also next to a parenthesis, a
// comma or a semicolon. So are "-(" and "from:(" at the beginning of several words.
//
// Terms are separated by blanks: spaces of any kind, also those of East Asia and the ones at which
// no line ends, and tabs and line ends.
//
// A "-" before a term (except time and message-id) excludes messages that match it. Case and
// accents don't matter, in the names of folders either, nor how a character is encoded: "strasse"
// finds "Straße", "aero" finds "Ærø" (search_words.h). A term without a letter or a digit, such as
// the dash in "a - b", is left out, unless that would make the query less restrictive than it
// reads: it would select more mail than intended, or all of it.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace store {

class Query {
 public:
  // Parses the times of after: and before:. Fails with kUsage.
  using ReadTime = std::function<std::chrono::sys_seconds(const std::string&)>;

  // Fails with kUsage, saying which term is wrong, and if `text` has words but none of them is
  // left. So no query matches every message because it is empty.
  static Query parse(std::string_view text, const ReadTime& read_time);

  // A time without an offset is read in `time_zone`; "3 days ago" is relative to `now`.
  static Query parse(std::string_view text, std::string_view time_zone,
                     std::chrono::sys_seconds now);

  // FTS5 expressions of quoted words only: those that must be found, and those that must not. Empty
  // if there are no such words.
  const std::string& wanted_words() const { return wanted_; }
  const std::string& unwanted_words() const { return unwanted_; }

  const std::optional<std::string>& message_id() const { return message_id_; }

  // Whether the query restricts the time; both ends as given by before: and after:.
  bool has_times() const { return after_.has_value() || before_.has_value(); }
  bool matches_time(std::chrono::sys_seconds time) const;

  bool matches_folder(std::string_view shown_name) const;

 private:
  friend class QueryParser;
  Query() = default;

  std::string wanted_;
  std::string unwanted_;
  std::optional<std::string> message_id_;
  std::optional<std::chrono::sys_seconds> after_;
  std::optional<std::chrono::sys_seconds> before_;
  std::vector<std::string> folders_;
  std::vector<std::string> other_folders_;
};

}  // namespace store
