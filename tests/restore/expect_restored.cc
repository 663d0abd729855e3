#include "tests/restore/expect_restored.h"

#include <algorithm>
#include <map>

#include <gtest/gtest.h>

namespace restore {

using programs::json;
using servers::AccountState;
using servers::FolderState;

const FolderState* find_folder(const AccountState& state, const std::string& name) {
  const auto found = std::find_if(state.folders.begin(), state.folders.end(),
                                  [&](const auto& entry) { return entry.second.name == name; });
  return found == state.folders.end() ? nullptr : &found->second;
}

void expect_restored(const AccountState& before, const AccountState& now, const json& report) {
  EXPECT_FALSE(report["folders"].empty());
  for (const json& told : report["folders"]) {
    const FolderState* const source = find_folder(before, told["source"]);
    const FolderState* const target = find_folder(now, told["target"]);
    ASSERT_NE(source, nullptr) << told;
    ASSERT_NE(target, nullptr) << told;
    if (source->is_selectable) expect_restored(*source, *target, told);
  }
}

void expect_restored(const FolderState& before, const FolderState& now, const json& told) {
  std::multimap<std::string, const servers::MessageState*> there;
  for (const auto& message : now.messages) there.emplace(message.sha256, &message);
  std::size_t skipped = 0;
  std::size_t altered = 0;
  for (const auto& message : before.messages) {
    const auto is_this = [&](const json& entry) { return entry["uid"] == message.uid; };
    if (std::any_of(told["skipped"].begin(), told["skipped"].end(), is_this)) {
      ++skipped;
      continue;
    }
    if (std::any_of(told["altered"].begin(), told["altered"].end(), is_this)) {
      ++altered;
      continue;
    }
    const auto [first, last] = there.equal_range(message.sha256);
    auto expected = message;
    std::erase(expected.flags, "\\Deleted");
    const auto same = std::find_if(first, last, [&](const auto& candidate) {
      return candidate.second->is_same_mail(expected);
    });
    ASSERT_NE(same, last) << before.name << " UID " << message.uid;
    there.erase(same);
  }
  EXPECT_EQ(told["skipped"].size(), skipped);
  EXPECT_EQ(told["altered"].size(), altered);
  EXPECT_EQ(now.messages.size(), before.messages.size() - skipped);
  EXPECT_EQ(told["restored"], now.messages.size());
}

}  // namespace restore
