#include "imap/personal_folders.h"

#include <algorithm>
#include <optional>

#include "base/ascii.h"

namespace imap {

namespace {

using base::equal_ignoring_case;

// "Shared" is the root of "Shared/".
bool is_root(std::string_view raw_name, const Namespace& space) {
  return space.delimiter && space.prefix.ends_with(*space.delimiter) &&
         raw_name == std::string_view(space.prefix).substr(0, space.prefix.size() - 1);
}

// The length of the longest prefix in `spaces` that matches the name; nullopt if no namespace
// contains the folder.
std::optional<std::size_t> longest_prefix(std::string_view raw_name,
                                          const std::vector<Namespace>& spaces) {
  std::optional<std::size_t> longest;
  for (const Namespace& space : spaces) {
    if (!raw_name.starts_with(space.prefix) && !is_root(raw_name, space)) continue;
    longest = std::max(longest.value_or(0), space.prefix.size());
  }
  return longest;
}

}  // namespace

std::vector<std::string> personal_patterns(const Namespaces& namespaces) {
  std::vector<std::string> patterns;
  const auto add = [&patterns](std::string pattern) {
    if (std::find(patterns.begin(), patterns.end(), pattern) == patterns.end()) {
      patterns.push_back(std::move(pattern));
    }
  };
  bool covers_inbox = false;
  for (const Namespace& space : namespaces.personal) {
    covers_inbox |= space.prefix.empty();
  }
  if (!covers_inbox) add(std::string(kInbox));
  for (const Namespace& space : namespaces.personal) add(space.prefix + '*');
  return patterns;
}

bool is_personal(std::string_view raw_name, const Namespaces& namespaces) {
  if (equal_ignoring_case(raw_name, kInbox)) return true;
  const auto personal = longest_prefix(raw_name, namespaces.personal);
  if (!personal) return false;
  const auto other_users = longest_prefix(raw_name, namespaces.other_users);
  const auto shared = longest_prefix(raw_name, namespaces.shared);
  return *personal >= other_users.value_or(0) && *personal >= shared.value_or(0);
}

}  // namespace imap
