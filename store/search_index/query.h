// What a user asks a search for. Every term must hold:
//
//   word  "several words in this order"  begin*      in subject or any address
//   subject:  from:  to: (Cc too)  cc:               the same, in that field only
//   message-id:                                      exactly
//   after:TIME  before:TIME  after:"3 days ago"      TIME itself is after, not before
//   folder:GLOB                                      of several, any
//
// A "-" before a term (time and message-id aside) asks for messages for which it does not hold.
// Case and accents don't matter. A term without a letter or a digit is left out, as the dash in
// "a - b", but not if that leaves a query that asks for less than it says: it would select more
// mail than was meant, or all of it.
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
  // How the times of after: and before: are read. Fails with kUsage.
  using ReadTime = std::function<std::chrono::sys_seconds(const std::string&)>;

  // Fails with kUsage, saying which term is wrong, and if no word is left of those that `text` asks
  // for. So there is no query that every message matches because it says nothing.
  static Query parse(std::string_view text, const ReadTime& read_time);

  // A time without an offset is meant in `time_zone`; "3 days ago" is counted from `now`.
  static Query parse(std::string_view text, std::string_view time_zone,
                     std::chrono::sys_seconds now);

  // Expressions for FTS5, made of quoted words only: what must be found, what must not. Empty:
  // there is none.
  const std::string& wanted_words() const { return wanted_; }
  const std::string& unwanted_words() const { return unwanted_; }

  const std::optional<std::string>& message_id() const { return message_id_; }

  // Whether the query looks at the time at all; both ends as before: and after: have them.
  bool has_times() const { return after_.has_value() || before_.has_value(); }
  bool takes_time(std::chrono::sys_seconds time) const;

  bool takes_folder(std::string_view shown_name) const;

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
