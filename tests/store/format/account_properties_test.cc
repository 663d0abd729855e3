#include "store/format/account_properties.h"

#include <gtest/gtest.h>

namespace store {
namespace {

TEST(AccountPropertiesTest, RoundTrips) {
  AccountProperties properties;
  properties.asked = std::chrono::sys_days(std::chrono::year(2026) / 11 / 24);
  properties.subscriptions = {"INBOX", "Entw\xFCrfe \n x"};
  properties.rights = {{"Team", "bob smith", ""}, {"Te am", "-anyone", "lrs"}};
  properties.metadata = {{"", "/shared/admin", "mailto:x"},
                         {"Te am", "/private/x", std::string("a\0b\n", 4)},
                         {"Te am", "/private/y", ""}};
  properties.quota_roots = {{"INBOX", "User quota"}, {"Team", ""}};
  properties.quota_limits = {{"User quota", "STORAGE", 18'446'744'073'709'551'615U},
                             {"", "MESSAGE", 0}};
  properties.namespaces = {{AccountNamespace::Kind::kPersonal, "/", ""},
                           {AccountNamespace::Kind::kOtherUsers, ".", "user."},
                           {AccountNamespace::Kind::kShared, "", "flat"}};
  properties.replaced = 17;
  properties.is_cut_short = true;
  properties.fetched = {std::chrono::sys_days(std::chrono::year(2026) / 11 / 24), 2'500'000'000};
  EXPECT_EQ(to_account_properties(to_properties(properties)), properties);
  EXPECT_TRUE(to_properties({}).empty()) << "a snapshot that was never asked";
}

TEST(AccountPropertiesTest, PropertiesOfUnknownKindsAreIgnored) {
  EXPECT_EQ(to_account_properties({{"acl", "no separator"},
                                   {"colour", "red"},
                                   {"asked", "x"},
                                   {"fetched", "1"},
                                   {"metadata", "x"},
                                   {"quota", "x"},
                                   {"quota-root", "x"},
                                   {"namespace", std::string("ours\0/\0", 7)}}),
            AccountProperties());
}

}  // namespace
}  // namespace store
