#include "imap/folder.h"

#include <algorithm>

#include "base/ascii.h"
#include "imap/flag.h"

namespace imap {

namespace {

using base::equal_ignoring_case;

bool contains(const std::vector<std::string>& words, std::string_view word) {
  return std::any_of(words.begin(), words.end(),
                     [word](const std::string& known) { return equal_ignoring_case(known, word); });
}

}  // namespace

namespace {

enum class Known { kOld, kNew, kContradictory };

template <typename Value>
Known add_value(std::optional<Value>& known, const std::optional<Value>& added) {
  if (!added || known == added) return Known::kOld;
  if (!known) {
    known = added;
    return Known::kNew;
  }
  known.reset();
  return Known::kContradictory;
}

}  // namespace

void OddLines::add(const std::string& line) {
  ++count;
  if (shown.size() >= kMaxShown || std::ranges::find(shown, line) != shown.end()) return;
  shown.push_back(line);
}

bool FolderStatus::add(const FolderStatus& other) {
  const auto most_messages = std::max(messages, other.messages);  // one that is unknown is less
  bool is_new = false;
  const auto note = [&](Known known) {
    is_new = is_new || known == Known::kNew;
    is_contradictory = is_contradictory || known == Known::kContradictory;
  };
  is_contradictory = is_contradictory || other.is_contradictory;
  note(add_value(uid_validity, other.uid_validity));
  note(add_value(uid_next, other.uid_next));
  note(add_value(messages, other.messages));
  note(add_value(highest_modseq, other.highest_modseq));
  note(add_value(size, other.size));
  note(add_value(mailbox_id, other.mailbox_id));
  messages = most_messages;
  if (is_contradictory) uid_next.reset();
  return is_new && !is_contradictory;
}

bool Folder::has_attribute(std::string_view attribute) const {
  return contains(attributes, attribute);
}

bool Folder::can_be_opened() const {
  return !has_attribute("\\Noselect") && !has_attribute("\\NonExistent");
}

bool OpenFolder::keeps(std::string_view flag) const {
  if (!can_be_sent(flag)) return false;
  if (contains(permanent_flags, flag)) return true;
  return !flag.starts_with('\\') && contains(permanent_flags, "\\*");
}

}  // namespace imap
