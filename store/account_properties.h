// What a snapshot has of its account beside the folders: what the user subscribes to, and who may
// do what (docs/pack-format.md, "Snapshot").
#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "store/snapshot.h"

namespace store {

// One line of a folder's access control list (RFC 4314).
struct FolderRight {
  std::string raw_name;
  std::string identifier;
  std::string rights;
  bool operator==(const FolderRight&) const = default;
};

struct AccountProperties {
  std::chrono::sys_seconds asked{};        // when the server told this; 0: never
  std::vector<std::string> subscriptions;  // raw names
  std::vector<FolderRight> rights;
  bool operator==(const AccountProperties&) const = default;
};

std::vector<Property> to_properties(const AccountProperties& properties);

// What is of no known kind is left out.
AccountProperties to_account_properties(const std::vector<Property>& properties);

}  // namespace store
