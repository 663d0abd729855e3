// What a snapshot has of its account beside the folders: what the user subscribes to, who may do
// what, what clients attached to folders, quotas, namespaces (docs/pack-format.md, "Snapshot").
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

// One thing that a client attached to a folder, or to the account: then `raw_name` is empty (RFC
// 5464).
struct FolderMetadata {
  std::string raw_name;
  std::string entry;
  std::string value;
  bool operator==(const FolderMetadata&) const = default;
};

// Which quota roots a folder counts towards, and a limit of one (RFC 9208).
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
  std::string delimiter;  // empty: there is no hierarchy
  std::string prefix;
  bool operator==(const AccountNamespace&) const = default;
};

// How much mail was fetched for it on one day (UTC): the day's budget goes on in the next run.
struct FetchedBytes {
  std::chrono::sys_days day{};
  std::uint64_t bytes = 0;
  bool operator==(const FetchedBytes&) const = default;
};

struct AccountProperties {
  std::chrono::sys_seconds asked{};        // when the server told this; 0: never
  std::vector<std::string> subscriptions;  // raw names
  std::vector<FolderRight> rights;
  std::vector<FolderMetadata> metadata;
  std::vector<FolderQuotaRoot> quota_roots;
  std::vector<QuotaLimit> quota_limits;
  std::vector<AccountNamespace> namespaces;
  FetchedBytes fetched;
  bool operator==(const AccountProperties&) const = default;
};

// Fails with Unstorable if a word has a NUL in it: it stands between them.
std::vector<Property> to_properties(const AccountProperties& properties);

// What is of no known kind is left out.
AccountProperties to_account_properties(const std::vector<Property>& properties);

}  // namespace store
