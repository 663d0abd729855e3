#include "store/account_properties.h"

#include <charconv>
#include <string_view>

namespace store {

namespace {

constexpr std::string_view kAsked = "asked";
constexpr std::string_view kSubscription = "subscription";
constexpr std::string_view kAcl = "acl";

// IMAP has no NUL in a name.
constexpr char kBetween = '\0';

}  // namespace

std::vector<Property> to_properties(const AccountProperties& properties) {
  std::vector<Property> list;
  if (properties.asked.time_since_epoch().count() == 0) return list;
  list.push_back(
      {std::string(kAsked), std::to_string(properties.asked.time_since_epoch().count())});
  for (const std::string& raw_name : properties.subscriptions) {
    list.push_back({std::string(kSubscription), raw_name});
  }
  for (const FolderRight& right : properties.rights) {
    list.push_back({std::string(kAcl),
                    right.rights + kBetween + right.identifier + kBetween + right.raw_name});
  }
  return list;
}

AccountProperties to_account_properties(const std::vector<Property>& properties) {
  AccountProperties account;
  for (const Property& property : properties) {
    const std::string& value = property.value;
    if (property.name == kAsked) {
      std::int64_t seconds = 0;
      std::from_chars(value.data(), value.data() + value.size(), seconds);
      account.asked = std::chrono::sys_seconds(std::chrono::seconds(seconds));
    } else if (property.name == kSubscription) {
      account.subscriptions.push_back(value);
    } else if (property.name == kAcl) {
      const std::size_t first = value.find(kBetween);
      const std::size_t second =
          first == std::string::npos ? first : value.find(kBetween, first + 1);
      if (second == std::string::npos) continue;
      account.rights.push_back({value.substr(second + 1),
                                value.substr(first + 1, second - first - 1),
                                value.substr(0, first)});
    }
  }
  return account;
}

}  // namespace store
