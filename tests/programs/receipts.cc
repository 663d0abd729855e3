#include "tests/programs/receipts.h"

#include <gtest/gtest.h>

namespace programs {

void expect_receipts(const json& account, const servers::AccountState& state) {
  std::size_t selectable = 0;
  for (const auto& [raw_name, folder] : state.folders) {
    if (!folder.is_selectable) continue;
    ++selectable;
    const json receipt = find_by(account["receipts"], "folder", folder.name);
    ASSERT_FALSE(receipt.is_null()) << folder.name << account.dump(2);
    EXPECT_EQ(receipt["digest"], folder.digest) << folder.name;
    EXPECT_EQ(receipt["messages"], folder.messages.size()) << folder.name;
    EXPECT_EQ(receipt["uidvalidity"], folder.uid_validity) << folder.name;
  }
  EXPECT_EQ(account["receipts"].size(), selectable);
  EXPECT_EQ(account["messages"], state.message_count());
}

}  // namespace programs
