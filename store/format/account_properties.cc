#include "store/format/account_properties.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <functional>
#include <string_view>
#include <utility>

#include "store/format/verified.h"

namespace store {

namespace {

// A NUL can't occur in an IMAP name.
constexpr char kSeparator = '\0';

std::string joined(std::initializer_list<std::string_view> parts) {
  std::string value;
  for (const std::string_view& part : parts) {
    if (&part != parts.begin()) value += kSeparator;
    value += part;
  }
  return value;
}

// Splits into exactly `count` parts; the last has the rest. Nullopt if there are fewer.
template <std::size_t count>
std::optional<std::array<std::string, count>> split(std::string_view value) {
  std::array<std::string, count> parts;
  for (std::size_t at = 0; at + 1 < count; ++at) {
    const std::size_t end = value.find(kSeparator);
    if (end == std::string_view::npos) return std::nullopt;
    parts[at] = value.substr(0, end);
    value.remove_prefix(end + 1);
  }
  parts.back() = value;
  return parts;
}

// 0 if it is not a number.
std::uint64_t to_number(std::string_view text) {
  std::uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

constexpr std::array<std::pair<AccountNamespace::Kind, std::string_view>, 3> kKinds = {{
    {AccountNamespace::Kind::kPersonal, "personal"},
    {AccountNamespace::Kind::kOtherUsers, "other-users"},
    {AccountNamespace::Kind::kShared, "shared"},
}};

std::string_view word(AccountNamespace::Kind kind) {
  return std::find_if(kKinds.begin(), kKinds.end(),
                      [&](const auto& one) { return one.first == kind; })
      ->second;
}

using Read = void (*)(AccountProperties& account, const std::string& value);

struct PropertyKind {
  std::string_view name;
  Read read;
};

constexpr std::array<PropertyKind, 10> kProperties = {{
    {"asked",
     [](AccountProperties& account, const std::string& value) {
       account.asked = std::chrono::sys_seconds(std::chrono::seconds(to_number(value)));
     }},
    {"fetched",
     [](AccountProperties& account, const std::string& value) {
       const auto parts = split<2>(value);
       if (!parts) return;
       const auto day = std::chrono::days(to_number((*parts)[0]));
       account.fetched = {std::chrono::sys_days(day), to_number((*parts)[1])};
     }},
    {"replaced", [](AccountProperties& account,
                    const std::string& value) { account.replaced = to_number(value); }},
    {"cut-short", [](AccountProperties& account,
                     const std::string& value) { account.is_cut_short = value == "1"; }},
    {"subscription", [](AccountProperties& account,
                        const std::string& value) { account.subscriptions.push_back(value); }},
    {"acl",
     [](AccountProperties& account, const std::string& value) {
       auto parts = split<3>(value);
       if (parts) account.rights.push_back({(*parts)[2], (*parts)[1], (*parts)[0]});
     }},
    {"metadata",
     [](AccountProperties& account, const std::string& value) {
       auto parts = split<3>(value);
       if (parts) account.metadata.push_back({(*parts)[0], (*parts)[1], (*parts)[2]});
     }},
    {"quota-root",
     [](AccountProperties& account, const std::string& value) {
       auto parts = split<2>(value);
       if (parts) account.quota_roots.push_back({(*parts)[0], (*parts)[1]});
     }},
    {"quota",
     [](AccountProperties& account, const std::string& value) {
       auto parts = split<3>(value);
       if (parts) {
         account.quota_limits.push_back({(*parts)[0], (*parts)[1], to_number((*parts)[2])});
       }
     }},
    {"namespace",
     [](AccountProperties& account, const std::string& value) {
       auto parts = split<3>(value);
       if (!parts) return;
       for (const auto& [kind, word] : kKinds) {
         if ((*parts)[0] == word) account.namespaces.push_back({kind, (*parts)[1], (*parts)[2]});
       }
     }},
}};

}  // namespace

std::vector<Property> to_properties(const AccountProperties& account) {
  std::vector<Property> list;
  const auto add = [&list](const char* name, std::initializer_list<std::string_view> parts) {
    list.push_back({name, joined(parts)});
  };
  if (account.fetched.bytes > 0) {
    add("fetched", {std::to_string(account.fetched.day.time_since_epoch().count()),
                    std::to_string(account.fetched.bytes)});
  }
  if (account.replaced > 0) add("replaced", {std::to_string(account.replaced)});
  if (account.is_cut_short) add("cut-short", {"1"});
  if (account.asked.time_since_epoch().count() == 0) return list;
  add("asked", {std::to_string(account.asked.time_since_epoch().count())});
  for (const std::string& raw_name : account.subscriptions) add("subscription", {raw_name});
  for (const FolderRight& right : account.rights) {
    add("acl", {right.rights, right.identifier, right.raw_name});
  }
  for (const FolderMetadata& one : account.metadata) {
    add("metadata", {one.raw_name, one.entry, one.value});
  }
  for (const FolderQuotaRoot& one : account.quota_roots) {
    add("quota-root", {one.raw_name, one.root});
  }
  for (const QuotaLimit& one : account.quota_limits) {
    add("quota", {one.root, one.resource, std::to_string(one.limit)});
  }
  for (const AccountNamespace& one : account.namespaces) {
    add("namespace", {word(one.kind), one.delimiter, one.prefix});
  }
  // A word with a NUL in it would be read back as two.
  AccountProperties expected = account;
  if (account.fetched.bytes == 0) expected.fetched = {};
  if (to_account_properties(list) != expected) {
    throw Unstorable("write an account's properties: they would be read back as something else");
  }
  return list;
}

AccountProperties to_account_properties(const std::vector<Property>& properties) {
  AccountProperties account;
  for (const Property& property : properties) {
    for (const PropertyKind& kind : kProperties) {
      if (property.name == kind.name) kind.read(account, property.value);
    }
  }
  return account;
}

}  // namespace store
