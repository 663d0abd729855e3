#include "base/config/config.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "base/config/config_schema.h"
#include "base/error.h"
#include "base/mail/mail_address.h"
#include "base/nearest.h"
#include "base/terminal.h"
#include "base/time_text.h"

namespace base {

namespace {

using nlohmann::json;

constexpr std::uint64_t kMaxConfig = 64ULL * 1024 * 1024;

void read_duration(const json& at, const char* key, std::chrono::seconds& duration) {
  if (at.contains(key)) duration = parse_duration(at.at(key).get<std::string>());
}

// The same, for what must take some time.
void read_period(const json& at, const char* key, std::chrono::seconds& duration) {
  read_duration(at, key, duration);
  if (duration > std::chrono::seconds(0)) return;
  fail(ErrorCode::kConfig, "{}: 0 means nothing: write 1s or more", key);
}

// Parses everything except what Config::apply_settings() fills in.
AccountConfig parse_account(const json& at) {
  AccountConfig account;
  account.name = at.at("name").get<std::string>();
  account.server = at.at("server").get<std::string>();
  account.user = at.value("user", account.name);
  account.auth = parse_auth(at);
  if (has_login(at)) account.password = parse_secret(at);
  account.mail = at.value("mail", std::string());
  return account;
}

void check_place(const json& store) {
  const bool is_directory = store.contains("path");
  const bool is_bucket = store.contains("s3");
  if (is_directory && is_bucket) {
    fail(ErrorCode::kConfig, "/store: a store is in a directory or in a bucket: remove path or s3");
  }
  if (!is_directory && !is_bucket) {
    fail(ErrorCode::kConfig,
         "/store: give path, for a store in a directory, or s3, for a store in a bucket");
  }
  if (is_bucket && !store.contains("index")) {
    fail(ErrorCode::kConfig,
         "/store/index: it is missing: a store in a bucket has its index on this machine");
  }
  if (is_directory && store.contains("spool")) {
    fail(ErrorCode::kConfig,
         "/store/spool: only a store in a bucket has one: packs of this store are written where "
         "they stay");
  }
  if (is_directory && store.contains("cache_mb")) {
    fail(ErrorCode::kConfig,
         "/store/cache_mb: only a store in a bucket has a cache: this one is on a disk");
  }
}

StoreConfig parse_store(const json& at) {
  check_place(at);
  StoreConfig store;
  if (at.contains("s3")) {
    store.s3 = parse_s3(at.at("s3"), "/store/s3");
  } else {
    store.path = Path(at.at("path").get<std::string>()).lexically_normal();
    if (!store.path.has_filename()) store.path = store.path.parent_path();  // a trailing slash
  }
  store.index = store.path.string() + ".index";
  if (at.contains("index")) store.index = at.at("index").get<std::string>();
  if (store.s3) store.spool = at.value("spool", (store.index / "spool").string());
  store.key_file = at.at("key_file").get<std::string>();
  store.audit_log = store.index / "audit.log";
  if (at.contains("audit_log")) store.audit_log = at.at("audit_log").get<std::string>();
  store.audit_socket = at.value("audit_socket", std::string());
  store.has_own_index = at.value("own_index", false);
  if (at.contains("keep_free_mb")) {
    store.keep_free = at.at("keep_free_mb").get<std::uint64_t>() * 1'000'000;
  }
  if (at.contains("cache_mb")) store.cache = at.at("cache_mb").get<std::uint64_t>() * 1'000'000;
  if (at.contains("max_message_mb")) {
    store.max_message = at.at("max_message_mb").get<std::uint64_t>() * 1'000'000;
  }
  return store;
}

RestoreConfig parse_restore(const json& at) {
  RestoreConfig restore;
  restore.tree = at.value("tree", restore.tree);
  restore.time_zone = at.value("time_zone", restore.time_zone);
  read_period(at, "expire_after", restore.expire_after);
  read_period(at, "longest_stay", restore.longest_stay);
  read_duration(at, "sweep_keep", restore.sweep_keep);
  check_time_zone(restore.time_zone);
  return restore;
}

PruneConfig parse_prune(const json& retention, const std::string& time_zone) {
  PruneConfig prune;
  prune.time_zone = retention.value("time_zone", time_zone);
  read_duration(retention, "grace", prune.grace);
  check_time_zone(prune.time_zone);
  return prune;
}

ScheduleConfig parse_schedule(const json& at, const std::string& time_zone, bool has_copies,
                              bool has_locks) {
  ScheduleConfig schedule;
  schedule.backup = at.value("backup", schedule.backup);
  schedule.prune = at.value("prune", schedule.prune);
  schedule.check = at.value("check", schedule.check);
  schedule.sweep = at.value("sweep", schedule.sweep);
  schedule.drill = at.value("drill", schedule.drill);
  if (has_copies) schedule.copy = at.value("copy", std::string("daily 07:00"));
  if (has_locks) schedule.extend_locks = at.value("extend_locks", std::string("daily 06:00"));
  read_period(at, "check_for", schedule.check_for);
  read_duration(at, "jitter", schedule.jitter);
  schedule.window = at.value("window", schedule.window);
  schedule.time_zone = at.value("time_zone", time_zone);
  check_time_zone(schedule.time_zone);
  return schedule;
}

GuardConfig parse_guards(const json& at) {
  GuardConfig guards;
  guards.vanished_percent = at.value("vanished_percent", guards.vanished_percent);
  guards.vanished_messages = at.value("vanished_messages", guards.vanished_messages);
  read_duration(at, "stale_after", guards.stale_after);
  return guards;
}

DrillConfig parse_drill(const json& at) {
  DrillConfig drill;
  drill.account = at.value("account", drill.account);
  drill.messages = at.value("messages", drill.messages);
  return drill;
}

template <typename Map>
std::vector<std::string> keys_of(const Map& map) {
  std::vector<std::string> keys;
  keys.reserve(map.size());
  for (const auto& [key, value] : map) keys.push_back(key);
  return keys;
}

void check_drill(const Config& config) {
  const std::string& account = config.drill.account;
  const bool may_be_found =
      std::any_of(config.servers.begin(), config.servers.end(),
                  [](const auto& server) { return server.second.discover.has_value(); });
  if (account.empty() || may_be_found || config.has_account(account)) return;
  std::vector<std::string> names;
  names.reserve(config.accounts.size());
  for (const AccountConfig& known : config.accounts) names.push_back(known.name);
  fail(ErrorCode::kConfig, "/drill/account: there is no account \"{}\"{}", account,
       suggestion(account, names));
}

// Checks what the schema cannot express.
void check_references(const Config& config) {
  for (const auto& [name, server] : config.servers) {
    if (!server.discover || server.admin) continue;
    fail(ErrorCode::kConfig,
         "/servers/{}/discover: no way to log in to discovered accounts: give the server an admin",
         name);
  }
  std::map<std::string_view, std::size_t> seen;
  for (std::size_t at = 0; at < config.accounts.size(); ++at) {
    const AccountConfig& account = config.accounts[at];
    const auto [first, is_first] = seen.emplace(account.name, at);
    if (!is_first) {
      fail(ErrorCode::kConfig, "/accounts/{}/name: \"{}\" is already the name of /accounts/{}", at,
           account.name, first->second);
    }
    const auto server = config.servers.find(account.server);
    if (server == config.servers.end()) {
      fail(ErrorCode::kConfig, "/accounts/{}/server: there is no server \"{}\"{}", at,
           account.server, suggestion(account.server, keys_of(config.servers)));
    }
    if (!account.mail.empty() && !is_mail_address(account.mail)) {
      fail(ErrorCode::kConfig,
           "/accounts/{}/mail: \"{}\" is not a mail address: write it as name@example.org", at,
           escape_for_terminal(account.mail));
    }
    if (!account.password && !server->second.admin) {
      fail(ErrorCode::kConfig,
           "/accounts/{}: no way to log in: give it a password_file, or its "
           "server \"{}\" an admin",
           at, account.server);
    }
  }
  check_drill(config);
  if (config.store.s3) return;
  const auto inside = config.store.index.lexically_relative(config.store.path);
  if (!inside.empty() && *inside.begin() != "..") {
    fail(ErrorCode::kConfig,
         "/store/index: it must not be inside store.path: the index is plain "
         "text, the store is what gets copied elsewhere");
  }
}

Config parse(std::string_view text) {
  json document;
  try {
    document = json::parse(text, nullptr, true, /*ignore_comments=*/true);
  } catch (const json::parse_error& error) {
    // The text begins with an identifier in brackets that is of no use to the reader.
    const std::string_view what = error.what();
    fail(ErrorCode::kConfig, "invalid JSON: {}",
         what.substr(std::min(what.find("] ") + 2, what.size())));
  }
  check_against_schema(document);

  Config config;
  config.store = parse_store(document.at("store"));
  config.copies = parse_copies(document.value("copies", json::array()), config.store);
  for (const auto& [name, server] : document.at("servers").items()) {
    config.servers.emplace(name, parse_server(server));
  }
  const json retention = document.value("retention", json::object());
  config.retention = changed({}, parse_retention_change(retention));
  config.overrides = parse_overrides(document);
  for (const json& account : document.value("accounts", json::array())) {
    config.accounts.push_back(parse_account(account));
    config.apply_settings(config.accounts.back(), parse_account_settings(account));
  }
  config.exclude = document.value("exclude", config.exclude);
  config.restore = parse_restore(document.value("restore", json::object()));
  config.prune = parse_prune(retention, config.restore.time_zone);
  config.schedule = parse_schedule(document.value("schedule", json::object()),
                                   config.restore.time_zone, !config.copies.empty(),
                                   shortest_lock(config.store, config.copies).has_value());
  config.guards = parse_guards(document.value("guards", json::object()));
  config.reporting = parse_reporting(document);
  config.drill = parse_drill(document.value("drill", json::object()));
  config.web = parse_web(document.value("web", json::object()));
  check_references(config);
  return config;
}

}  // namespace

bool Config::has_account(std::string_view name) const {
  return std::any_of(accounts.begin(), accounts.end(),
                     [&](const AccountConfig& account) { return account.name == name; });
}

const AccountConfig& Config::account(std::string_view name) const {
  std::vector<std::string> names;
  for (const AccountConfig& account : accounts) {
    if (account.name == name) return account;
    names.push_back(account.name);
  }
  fail(ErrorCode::kUsage, "account \"{}\": not in the configuration{}", escape_for_terminal(name),
       suggestion(name, names));
}

const ServerConfig& Config::server_of(const AccountConfig& account) const {
  return servers.at(account.server);
}

std::optional<std::uint64_t> Config::daily_bytes_of(const AccountConfig& account) const {
  return account.daily_bytes ? account.daily_bytes : server_of(account).transfer.daily_bytes;
}

AccountConfig Config::found_account(std::string_view server, std::string_view user) const {
  AccountConfig account;
  account.name = user;
  account.server = server;
  account.user = user;
  account.is_found = true;
  apply_settings(account, {});
  return account;
}

void Config::apply_settings(AccountConfig& account, const AccountSettings& own) const {
  AccountSettings settings;
  for (const OverrideConfig& other : overrides) {
    if (other.applies_to(account.name)) settings.add(other.settings);
  }
  settings.add(own);
  account.retention = changed(retention, settings.retention);
  account.exclude = std::move(settings.exclude);
  account.expire_after = settings.expire_after;
  account.daily_bytes = settings.daily_bytes;
  account.namespaces = std::move(settings.namespaces);
}

RetentionConfig Config::retention_of(std::string_view account) const {
  for (const AccountConfig& candidate : accounts) {
    if (candidate.name == account) return candidate.retention;
  }
  AccountConfig former;
  former.name = account;
  apply_settings(former, {});
  return former.retention;
}

std::chrono::seconds Config::expire_after_of(const AccountConfig& account) const {
  return account.expire_after.value_or(restore.expire_after);
}

std::chrono::seconds Config::longest_stay_of(std::string_view account) const {
  AccountConfig former;
  former.name = account;
  apply_settings(former, {});
  const AccountConfig& known = has_account(account) ? this->account(account) : former;
  return std::max(restore.longest_stay, expire_after_of(known));
}

Config load_config(FileSystem& files, const Path& path) {
  std::optional<Bytes> bytes;
  try {
    bytes = read_file(files, path, kMaxConfig, Links::kFollow);
  } catch (const Error& error) {
    fail(ErrorCode::kConfig, "{}", error.what());
  }
  if (!bytes) {
    fail(ErrorCode::kConfig,
         "read {}: there is no such file: create it, or name another with --config", path.string());
  }
  return parse_config(as_text(*bytes), path.string());
}

Config parse_config(std::string_view text, std::string_view file_name) {
  try {
    return parse(text);
  } catch (const Error& error) {
    fail(ErrorCode::kConfig, "{}: {}", file_name, error.what());
  }
}

}  // namespace base
