// The account data in a snapshot beside the folders: subscriptions, access rights, metadata that
// clients attached to folders, quotas, namespaces (docs/pack-format.md, "Root").
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "store/format/snapshot.h"

namespace store {

// One line of a folder's access control list (RFC 4314).
struct FolderRight {
  std::string raw_name;
  std::string identifier;
  std::string rights;
  bool operator==(const FolderRight&) const = default;
};

// A METADATA entry of a folder, or of the account itself: then `raw_name` is empty (RFC 5464).
struct FolderMetadata {
  std::string raw_name;
  std::string entry;
  std::string value;
  bool operator==(const FolderMetadata&) const = default;
};

// A quota root that a folder counts towards, and one of its limits (RFC 9208).
struct FolderQuotaRoot {
  std::string raw_name;
  std::string root;
  bool operator==(const FolderQuotaRoot&) const = default;
};
struct QuotaLimit {
  std::string root;
  std::string resource;  // STORAGE (units of 1024 bytes), MESSAGE, ...
  std::uint64_t limit = 0;
  bool operator==(const QuotaLimit&) const = default;
};

// RFC 2342.
struct AccountNamespace {
  enum class Kind { kPersonal, kOtherUsers, kShared };
  Kind kind = Kind::kPersonal;
  std::string delimiter;  // empty: no hierarchy
  std::string prefix;
  bool operator==(const AccountNamespace&) const = default;
};

// The bytes of mail fetched on one day (UTC), so that the next run continues with the day's budget.
struct FetchedBytes {
  std::chrono::sys_days day{};
  std::uint64_t bytes = 0;
  bool operator==(const FetchedBytes&) const = default;
};

struct AccountProperties {
  std::chrono::sys_seconds asked{};        // when the server reported this; 0: never
  std::vector<std::string> subscriptions;  // raw names
  std::vector<FolderRight> rights;
  std::vector<FolderMetadata> metadata;
  std::vector<FolderQuotaRoot> quota_roots;
  std::vector<QuotaLimit> quota_limits;
  std::vector<AccountNamespace> namespaces;
  FetchedBytes fetched;
  // The number of messages that vanished before this snapshot and whose UIDs now belong to others.
  std::uint64_t replaced = 0;
  // The backup ended before it had examined every folder; older versions did not record that.
  bool is_cut_short = false;
  bool operator==(const AccountProperties&) const = default;
};

// Fails with Unstorable if a word contains a NUL, which is the separator.
std::vector<Property> to_properties(const AccountProperties& properties);

// Ignores properties of an unknown kind.
AccountProperties to_account_properties(const std::vector<Property>& properties);

}  // namespace store
