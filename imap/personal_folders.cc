#include "imap/personal_folders.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

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

// "Shared" of "Shared/Sales".
std::string_view first_level(std::string_view raw_name, const Namespaces& namespaces) {
  const std::optional<char> delimiter =
      namespaces.personal.empty() ? std::nullopt : namespaces.personal.front().delimiter;
  const std::string delimiters = delimiter ? std::string(1, *delimiter) : "/.";
  return raw_name.substr(0, raw_name.find_first_of(delimiters));
}

// The roots that servers commonly give to other users' and shared folders; "~bob" is bob's.
bool is_customary_root(std::string_view level) {
  static constexpr std::array<std::string_view, 11> kRoots = {
      "user",   "users",          "other users", "shared", "shared folders", "#shared",
      "public", "public folders", "#public",     "#users", "#news"};
  return level.starts_with('~') || std::ranges::any_of(kRoots, [&](std::string_view root) {
           return equal_ignoring_case(level, root);
         });
}

bool is_configured(std::string_view raw_name, const Namespaces& namespaces) {
  return std::ranges::any_of(namespaces.personal, [&](const Namespace& space) {
    return space.is_configured && (raw_name.starts_with(space.prefix) || is_root(raw_name, space));
  });
}

bool is_empty(const Namespaces& namespaces) {
  return namespaces.personal.empty() && namespaces.other_users.empty() && namespaces.shared.empty();
}

void add_missing(const std::vector<Namespace>& spaces, std::vector<Namespace>& all) {
  for (const Namespace& space : spaces) {
    const bool is_known = std::ranges::any_of(
        all, [&](const Namespace& known) { return known.prefix == space.prefix; });
    if (!is_known) all.push_back(space);
  }
}

}  // namespace

bool add_answer(Namespaces answer, Namespaces& namespaces) {
  answer.lacks_personal |= namespaces.lacks_personal;
  if (is_empty(namespaces)) {
    namespaces = std::move(answer);
    return false;
  }
  namespaces.is_guessed |= answer.is_guessed;
  namespaces.lacks_personal = answer.lacks_personal;
  const bool is_same = answer.personal == namespaces.personal &&
                       answer.other_users == namespaces.other_users &&
                       answer.shared == namespaces.shared;
  if (is_same) return false;
  add_missing(answer.personal, namespaces.personal);
  add_missing(answer.other_users, namespaces.other_users);
  add_missing(answer.shared, namespaces.shared);
  // The first one gives the prefix that shown names lack: the order of the lines must not matter.
  std::ranges::stable_sort(namespaces.personal, {},
                           [](const Namespace& space) { return space.prefix.size(); });
  return true;
}

std::vector<std::string> personal_patterns(const Namespaces& namespaces) {
  std::vector<std::string> patterns;
  const auto add = [&patterns](std::string_view pattern) {
    if (std::find(patterns.begin(), patterns.end(), pattern) == patterns.end()) {
      patterns.emplace_back(pattern);
    }
  };
  bool covers_all = false;
  for (const Namespace& space : namespaces.personal) covers_all |= space.prefix.empty();
  if (!covers_all) add(kInbox);
  for (const Namespace& space : namespaces.personal) {
    if (space.is_configured && covers_all && !space.prefix.empty()) continue;
    const bool has_root = space.is_configured && space.delimiter && !space.prefix.empty() &&
                          space.prefix.back() == *space.delimiter;
    if (has_root) add(std::string_view(space.prefix).substr(0, space.prefix.size() - 1));
    add(space.prefix + '*');
  }
  return patterns;
}

Owner owner_of_folder(std::string_view raw_name, const Namespaces& namespaces) {
  if (equal_ignoring_case(raw_name, kInbox)) return Owner::kAccount;
  const auto personal = longest_prefix(raw_name, namespaces.personal);
  const auto other_users = longest_prefix(raw_name, namespaces.other_users);
  const auto shared = longest_prefix(raw_name, namespaces.shared);
  if (!personal) return other_users || shared ? Owner::kOthers : Owner::kUnknown;
  if (*personal < other_users.value_or(0) || *personal < shared.value_or(0)) return Owner::kOthers;
  if (namespaces.is_guessed && !is_configured(raw_name, namespaces) &&
      is_customary_root(first_level(raw_name, namespaces))) {
    return Owner::kOthers;
  }
  return Owner::kAccount;
}

bool is_guessed_personal(std::string_view raw_name, const Namespaces& namespaces) {
  return namespaces.is_guessed && !equal_ignoring_case(raw_name, kInbox) &&
         !is_configured(raw_name, namespaces);
}

}  // namespace imap
