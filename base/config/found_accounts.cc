#include "base/config/found_accounts.h"

#include <set>
#include <utility>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "base/atomic_file.h"
#include "base/json_text.h"
#include "base/terminal.h"

namespace base {

namespace {

constexpr std::uint64_t kMaxList = 128ULL * 1024 * 1024;

using FoundUser = std::pair<std::string, std::string>;  // server, name of the user there

}  // namespace

Path found_accounts_file(const StoreConfig& store) {
  return store.index / "accounts.json";
}

FoundAccounts load_found_accounts(FileSystem& files, const StoreConfig& store) {
  const auto bytes = read_file(files, found_accounts_file(store), kMaxList);
  if (!bytes) return {};
  const auto document = parse_json(as_text(*bytes));
  FoundAccounts found;
  if (!document.is_object()) return found;
  for (const auto& [server, users] : document.items()) {
    if (!users.is_array()) continue;
    for (const auto& user : users) {
      if (user.is_string()) found[server].push_back(user.get<std::string>());
    }
  }
  return found;
}

void save_found_accounts(FileSystem& files, const StoreConfig& store, const FoundAccounts& found) {
  const std::string text = json_text(found);
  write_file(files, found_accounts_file(store), as_bytes(text), OnExisting::kReplace);
}

std::vector<std::string> add_found_accounts(Config& config, const FoundAccounts& found) {
  std::vector<std::string> clashes;
  std::map<std::string, FoundUser> names;
  std::set<FoundUser> users;
  for (const AccountConfig& account : config.accounts) {
    names.emplace(account.name, FoundUser(account.server, account.user));
    users.emplace(account.server, account.user);
  }
  for (const auto& [server, found_users] : found) {
    if (!config.servers.contains(server)) continue;
    for (const std::string& user : found_users) {
      if (!users.emplace(server, user).second) continue;
      const auto [other, is_first] = names.emplace(user, FoundUser(server, user));
      if (is_first) {
        config.accounts.push_back(config.found_account(server, user));
        continue;
      }
      clashes.push_back(fmt::format(
          "{} of server {}: {} of server {} has this name already: list it under another name",
          escape_for_terminal(user), server, escape_for_terminal(other->second.second),
          other->second.first));
    }
  }
  return clashes;
}

Config with_found_accounts(Config config, FileSystem& files) {
  add_found_accounts(config, load_found_accounts(files, config.store));
  return config;
}

}  // namespace base
