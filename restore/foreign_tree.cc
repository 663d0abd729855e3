#include "restore/foreign_tree.h"

#include <algorithm>
#include <string_view>

#include "restore/plan.h"

namespace restore {

namespace {

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

std::string foreign_tree_of(const base::Config& config, const std::string& account,
                            const store::FolderInfo& folder, const std::string& shown) {
  const std::string user = config.has_account(account) ? config.account(account).user : account;
  const std::string name = template_for(config.restore.tree, user, folder.delimiter);
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

}  // namespace restore
