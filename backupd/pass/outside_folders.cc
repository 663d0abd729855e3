#include "backupd/pass/outside_folders.h"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/json_text.h"
#include "base/log.h"
#include "base/utf8.h"

namespace backupd {

namespace {

constexpr std::size_t kMaxNamed = 10;
constexpr std::size_t kMaxNamedBytes = 100;  // of one name

// Adds the prefix of the folder and those below it, unless one of `prefixes` includes it.
void add_prefix(std::vector<std::string>& prefixes, const imap::Folder& folder) {
  const bool is_included = std::ranges::any_of(
      prefixes, [&](const std::string& prefix) { return folder.raw_name.starts_with(prefix); });
  if (is_included || prefixes.size() >= kMaxNamed) return;
  prefixes.push_back(folder.raw_name);
  if (folder.delimiter) prefixes.back() += *folder.delimiter;
}

std::string and_more(std::size_t count) {
  return count > kMaxNamed ? fmt::format(" and {} more", count - kMaxNamed) : "";
}

}  // namespace

std::vector<imap::Folder> folders_outside(imap::Session& session) {
  try {
    return session.folders_outside();
  } catch (const base::Error& error) {
    if (error.code() != base::ErrorCode::kRefused) throw;
    base::log_debug("{}", error.what());
    return {};
  }
}

std::string outside_warning(const std::vector<imap::Folder>& outside, const FolderFilter& filter) {
  std::size_t count = 0;
  std::vector<std::string> names;
  std::vector<std::string> prefixes;
  for (const imap::Folder& folder : outside) {
    if (!folder.can_be_opened() || filter.leaves_out(folder)) continue;
    if (++count <= kMaxNamed) {
      names.push_back(base::shortened(filter.shown(folder), kMaxNamedBytes));
    }
    add_prefix(prefixes, folder);
  }
  if (count == 0) return "";
  return fmt::format(
      "not backed up, because they are in none of the account's namespaces: {}{}: if they are the "
      "account's, include them with \"namespaces\": {}",
      fmt::join(names, ", "), and_more(count), base::json_line(nlohmann::ordered_json(prefixes)));
}

}  // namespace backupd
