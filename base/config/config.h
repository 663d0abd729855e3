// The configuration of both programs: /etc/mailstow/mailstow.json, checked against
// schema/mailstow.schema.json, which documents every key.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/config/account_settings.h"
#include "base/config/copies_config.h"
#include "base/config/reporting_config.h"
#include "base/config/server_config.h"
#include "base/config/store_config.h"
#include "base/config/web_config.h"
#include "base/file_system.h"
#include "base/secret.h"

namespace base {

inline constexpr std::string_view kDefaultConfigPath = "/etc/mailstow/mailstow.json";

struct AccountConfig {
  std::string name;
  std::string server;  // a key of Config::servers
  std::string user;    // the account's name on the server
  // The password or token; nullopt: the server's admin acts as the account.
  std::optional<SecretSource> password;
  LoginMethod auth = LoginMethod::kPassword;  // for a login of its own
  RetentionConfig retention;         // Config's, as changed by overrides and by the account itself
  std::vector<std::string> exclude;  // globs over shown folder names, in addition to Config's
  std::optional<std::chrono::seconds> expire_after;    // instead of RestoreConfig's
  std::optional<std::uint64_t> daily_bytes;            // instead of its server's
  std::optional<std::vector<std::string>> namespaces;  // instead of its server's
  std::string mail;       // its user's address; empty: UserMailConfig::address
  bool is_found = false;  // by its server's discover; false: listed
};

struct RestoreConfig {
  std::string tree = "RESTORED/{timestamp}";
  std::chrono::seconds expire_after = std::chrono::days(7);
  std::chrono::seconds longest_stay = std::chrono::days(90);  // of a tree, however it is extended
  std::chrono::seconds sweep_keep = std::chrono::days(90);
  std::string time_zone = "UTC";
};

struct PruneConfig {
  std::string time_zone = "UTC";                        // in which a day of retention begins
  std::chrono::seconds grace = std::chrono::hours(24);  // how long replaced packs stay
};

// When `mailstow-backupd run` starts each job by itself: calendar expressions.
struct ScheduleConfig {
  std::string backup = "daily 02:30";
  std::string prune = "sunday 04:30";
  std::string check = "daily 05:30";
  std::string sweep = "hourly";
  std::string drill = "monthly 1 06:30";
  std::string copy = "never";          // with copies: "daily 07:00"
  std::string extend_locks = "never";  // with any lock_for: "daily 06:00"
  std::chrono::seconds check_for = std::chrono::minutes(30);
  std::chrono::seconds jitter = std::chrono::minutes(10);
  std::string window;  // empty: always
  std::string time_zone = "UTC";
};

// Thresholds that raise an alarm.
struct GuardConfig {
  // A mass deletion: at least this share of an account, and at least this many messages, in one
  // night, or by which an account shrank in 7 or 30 days. Of an account with fewer messages: all,
  // if these are at least 5.
  unsigned vanished_percent = 25;
  std::uint64_t vanished_messages = 100;
  std::chrono::seconds stale_after = std::chrono::days(3);  // without a successful backup
};

// The settings of `mailstow-backupd drill`.
struct DrillConfig {
  std::string account;  // scratch account into which the sample is restored as a tree; empty: only
                        // into memory
  std::uint64_t messages = 300;
};

struct Config {
  StoreConfig store;
  std::vector<CopyConfig> copies;
  std::map<std::string, ServerConfig> servers;
  std::vector<AccountConfig> accounts;
  std::vector<OverrideConfig> overrides;  // a later one takes precedence
  std::vector<std::string> exclude;       // globs over shown folder names
  RestoreConfig restore;
  RetentionConfig retention;
  PruneConfig prune;
  ScheduleConfig schedule;
  GuardConfig guards;
  ReportingConfig reporting;
  DrillConfig drill;
  WebConfig web;

  bool has_account(std::string_view name) const;

  // Fail with kUsage, suggesting the nearest known name, if there is no such account.
  const AccountConfig& account(std::string_view name) const;
  const ServerConfig& server_of(const AccountConfig& account) const;

  // Returns nullopt if there is no limit.
  std::optional<std::uint64_t> daily_bytes_of(const AccountConfig& account) const;

  // The account, with its settings, of a user whom `server` discovered.
  AccountConfig found_account(std::string_view server, std::string_view user) const;

  // Works also for an account that is no longer in the configuration.
  RetentionConfig retention_of(std::string_view account) const;

  // How long a tree restored to the account stays.
  std::chrono::seconds expire_after_of(const AccountConfig& account) const;

  // How long a tree of the account may stay at most: RestoreConfig::longest_stay, or the configured
  // expire_after if that is longer. The account need not be in the configuration.
  std::chrono::seconds longest_stay_of(std::string_view account) const;

  // Applies what is configured for accounts of this name, and `own`, which takes precedence.
  void apply_settings(AccountConfig& account, const AccountSettings& own) const;
};

// Fails with kConfig: one line that names the position in the file (as a JSON pointer), what is
// wrong, and for an unknown key the nearest known one.
Config load_config(FileSystem& files, const Path& path);
Config parse_config(std::string_view text, std::string_view file_name);

}  // namespace base
