#include "base/config/tree_name.h"

#include <algorithm>
#include <string_view>

#include "base/glob.h"

namespace base {

namespace {

constexpr std::string_view kLocalpart = "{localpart}";
constexpr std::string_view kTimestamp = "{timestamp}";
constexpr std::string_view kTimestampForm = "00000000T000000";  // base::format_timestamp()

bool begins_with_timestamp(std::string_view text) {
  if (text.size() < kTimestampForm.size()) return false;
  return std::ranges::equal(text.substr(0, kTimestampForm.size()), kTimestampForm,
                            [](char letter, char form) {
                              const bool is_digit = letter >= '0' && letter <= '9';
                              return form == '0' ? is_digit : letter == form;
                            });
}

}  // namespace

std::string tree_template_for(const std::string& tree_template, const std::string& user,
                              char delimiter) {
  std::string name = tree_template;
  if (delimiter != 0) std::replace(name.begin(), name.end(), delimiter, '/');
  std::string localpart = user.substr(0, user.find('@'));
  std::replace_if(
      localpart.begin(), localpart.end(),
      [&](char letter) { return letter == delimiter || letter == '/'; }, '_');
  for (std::size_t at = name.find(kLocalpart); at != std::string::npos;
       at = name.find(kLocalpart, at + localpart.size())) {
    name.replace(at, kLocalpart.size(), localpart);
  }
  return with_inbox(name, '/');
}

std::string tree_of_folder(const std::string& tree_template, const std::string& user,
                           char delimiter, const std::string& given) {
  // Servers list what is below INBOX in a case of their own.
  const std::string shown = with_inbox(given, '/');
  const std::string name = tree_template_for(tree_template, user, delimiter);
  const std::size_t at = name.find(kTimestamp);
  if (at == std::string::npos || !shown.starts_with(name.substr(0, at))) return "";
  if (!begins_with_timestamp(std::string_view(shown).substr(at))) return "";
  // The rest of the template ends the tree's name.
  const std::string after = name.substr(at + kTimestamp.size());
  const std::size_t end = at + kTimestampForm.size();
  if (shown.compare(end, after.size(), after) != 0) return "";
  const std::string top = shown.substr(0, end + after.size());
  return shown == top || shown[top.size()] == '/' ? top : "";
}

}  // namespace base
