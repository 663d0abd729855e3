#include "imap/account_discovery.h"

#include <algorithm>

#include "base/error.h"
#include "base/glob.h"
#include "base/log.h"
#include "base/process.h"
#include "base/terminal.h"
#include "base/utf8.h"
#include "imap/account_login.h"

namespace imap {

namespace {

constexpr std::size_t kMaxList = std::size_t{64} * 1024 * 1024;
constexpr std::size_t kMaxUser = 255;  // same limit as for names in the configuration

// The name becomes a login name, a key of the store and a word in reports.
bool is_valid_user(std::string_view user) {
  if (user.empty() || user.size() > kMaxUser || !base::is_utf8(user)) return false;
  for (std::string_view rest = user; !rest.empty();) {
    const base::CodePoint next = *base::first_code_point(rest);
    if (base::is_control(next.value)) return false;
    rest.remove_prefix(next.length);
  }
  return true;
}

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

std::string_view without_comment(std::string_view line) {
  for (std::size_t at = line.find('#'); at != std::string_view::npos; at = line.find('#', at + 1)) {
    if (at == 0 || line[at - 1] == ' ' || line[at - 1] == '\t') return line.substr(0, at);
  }
  return line;
}

std::vector<std::string> users_in_file(base::FileSystem& files, const base::Path& file) {
  const auto text = base::read_file(files, file, kMaxList, base::Links::kFollow);
  if (!text) base::fail(base::ErrorCode::kConfig, "read {}: there is no such file", file.string());
  return users_in(base::as_text(*text));
}

std::vector<std::string> users_from_list(const base::ServerConfig& server) {
  Session session = open_quota_admin(server);
  const Namespaces namespaces = session.namespaces();
  if (namespaces.other_users.empty()) {
    base::fail(base::ErrorCode::kConfig,
               "list the users: {} sees no other users' folders: it must be among Cyrus's admins",
               (server.quota_admin ? server.quota_admin : server.admin)->user);
  }
  const Namespace& others = namespaces.other_users.front();
  std::vector<std::string> users;
  for (const Folder& folder : session.list(others.prefix + '%')) {
    if (std::string user = owner_of(folder.raw_name, others); !user.empty()) {
      users.push_back(std::move(user));
    }
  }
  session.logout();
  return users;
}

std::vector<std::string> run_discovery(const base::DiscoverConfig& discover,
                                       const base::ServerConfig& server, base::FileSystem& files) {
  if (!discover.command.empty()) {
    return users_in(base::output_of(discover.command, kMaxList));
  }
  return discover.list ? users_from_list(server) : users_in_file(files, discover.file);
}

bool matches_any(const std::vector<std::string>& globs, const std::string& user) {
  return std::any_of(globs.begin(), globs.end(),
                     [&](const std::string& glob) { return base::glob_matches(glob, user); });
}

}  // namespace

std::vector<std::string> users_in(std::string_view text) {
  std::vector<std::string> users;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view user = trimmed(without_comment(text.substr(0, end)));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (!user.empty()) users.emplace_back(user);
  }
  return users;
}

std::string owner_of(std::string_view raw_name, const Namespace& other_users) {
  if (!raw_name.starts_with(other_users.prefix)) return {};
  return std::string(raw_name.substr(other_users.prefix.size()));
}

std::vector<std::string> discover_users(const base::ServerConfig& server, base::FileSystem& files) {
  if (!server.discover) return {};
  const base::DiscoverConfig& discover = *server.discover;
  std::vector<std::string> users = run_discovery(discover, server, files);
  if (users.empty()) base::fail(base::ErrorCode::kConfig, "discover accounts: no accounts found");
  for (const std::string& user : users) {
    if (is_valid_user(user)) continue;
    base::fail(base::ErrorCode::kConfig, "discover accounts: \"{}\": not a valid user name",
               base::escape_for_terminal(user.substr(0, kMaxUser)));
  }
  std::erase_if(users, [&](const std::string& user) {
    const bool is_included = discover.include.empty() || matches_any(discover.include, user);
    return !is_included || matches_any(discover.exclude, user);
  });
  std::sort(users.begin(), users.end());
  users.erase(std::unique(users.begin(), users.end()), users.end());
  return users;
}

base::AccountConfig find_account(const base::Config& config, base::FileSystem& files,
                                 std::string_view name) {
  if (config.has_account(name)) return config.account(name);
  base::Config wider = config;
  for (const auto& [server_name, server] : config.servers) {
    try {
      for (const std::string& user : discover_users(server, files)) {
        if (user == name) return config.found_account(server_name, user);
        wider.accounts.push_back(config.found_account(server_name, user));
      }
    } catch (const base::Error& error) {
      base::log_warning("{}: {}", server_name, error.what());
    }
  }
  return wider.account(name);  // fails and suggests the nearest name
}

}  // namespace imap
