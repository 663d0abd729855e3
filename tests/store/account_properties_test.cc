#include "store/account_properties.h"

#include <gtest/gtest.h>

namespace store {
namespace {

TEST(AccountPropertiesTest, WhatIsWrittenIsRead) {
  AccountProperties properties;
  properties.asked = std::chrono::sys_days(std::chrono::year(2026) / 11 / 24);
  properties.subscriptions = {"INBOX", "Entw\xFCrfe \n x"};
  properties.rights = {{"Team", "bob smith", ""}, {"Te am", "-anyone", "lrs"}};
  EXPECT_EQ(to_account_properties(to_properties(properties)), properties);
  EXPECT_TRUE(to_properties({}).empty()) << "a snapshot that was never asked";
}

TEST(AccountPropertiesTest, WhatIsOfNoKnownKindIsLeftOut) {
  EXPECT_EQ(to_account_properties({{"acl", "no separator"}, {"colour", "red"}, {"asked", "x"}}),
            AccountProperties());
}

}  // namespace
}  // namespace store
