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
