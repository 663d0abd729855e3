#include "restore/unrecorded_mail.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "base/config/tree_name.h"
#include "base/error.h"
#include "base/glob.h"
#include "base/log.h"
#include "base/terminal.h"
#include "base/time_text.h"
#include "imap/account_opener.h"
#include "imap/folder_name.h"
#include "restore/plan.h"
#include "restore/selection.h"
#include "restore/target_mailbox.h"
#include "restore/tree_account.h"

namespace restore {

namespace {

using store::TreeLevel;

// `top` has INBOX in capitals.
bool is_at_or_below(const std::string& given, const std::string& top) {
  const std::string name = base::with_inbox(given, '/');
  return name == top || (name.starts_with(top) && name[top.size()] == '/');
}

// The UIDs of the open folder that the trees' records contain.
imap::UidSet recorded_in(const std::string& raw_name, const store::LevelIdentity& identity,
                         std::span<const store::TreeRecord> records) {
  imap::UidSet uids;
  for (const store::TreeRecord& record : records) {
    for (const TreeLevel& level : record.levels) {
      const bool is_it = base::is_same_folder(level.raw_name, raw_name, record.delimiter);
      if (!is_it || level.identity != identity) continue;
      for (const store::TreeMessage& message : level.messages) uids.add(message.uid);
    }
  }
  return uids;
}

bool is_being_filled(const std::string& raw_name, std::span<const store::TreeRecord> records) {
  return std::ranges::any_of(records, [&](const store::TreeRecord& record) {
    return record.state == store::TreeState::kRestoring && record.level(raw_name) != nullptr;
  });
}

// The user's name on the server, if that is configured.
std::string user_of(const base::Config& config, const std::string& account) {
  for (const base::AccountConfig& known : config.accounts) {
    if (known.name == account) return known.user;
  }
  return account;
}

std::vector<UnrecordedMail> in_newest_snapshot(store::Reader& reader, const std::string& account,
                                               const base::Config& config) {
  std::vector<UnrecordedMail> found;
  const auto snapshot = reader.newest_snapshot(account);
  if (!snapshot) return found;
  const std::string user = user_of(config, account);
  for (const store::FolderRecord& folder : reader.folders(*snapshot)) {
    if (folder.receipt.messages == 0) continue;
    std::string name = shown_name(*snapshot, folder.info);
    const std::string top = folder_of_trees(config.restore.tree, user, folder.info.delimiter);
    if (top.empty() || !is_at_or_below(name, top)) continue;
    found.push_back(
        {account, std::move(name), folder.receipt.messages, folder.bytes, snapshot->time});
  }
  return found;
}

}  // namespace

std::string folder_of_trees(const std::string& tree_template, const std::string& user,
                            char delimiter) {
  const std::string name = base::tree_template_for(tree_template, user, delimiter);
  const std::size_t slash = name.rfind('/', name.find("{timestamp}"));
  if (slash == std::string::npos) return "";
  const std::string folder = name.substr(0, slash);
  // "%/Public" is a whole namespace, not a folder for trees.
  const bool is_namespace = folder.starts_with('%') && folder.find('/', 2) == std::string::npos;
  return is_namespace ? "" : folder;
}

std::vector<UnrecordedMail> unrecorded_now(imap::Session& session,
                                           const base::AccountConfig& account,
                                           std::span<const store::TreeRecord> records,
                                           const std::string& tree_template,
                                           std::chrono::sys_seconds now) {
  std::vector<UnrecordedMail> found;
  const imap::Namespace personal = personal_namespace(session);
  const char delimiter = personal.delimiter.value_or('\0');
  const std::string shown_top = folder_of_trees(tree_template, account.user, delimiter);
  if (shown_top.empty()) return found;
  const std::string top = imap::raw_folder_name(shown_top, delimiter, personal.prefix);
  // A folder that the account's owner may not open can't be used to hide mail.
  const auto examine = [&](const std::string& raw_name) -> std::optional<imap::OpenFolder> {
    try {
      return session.examine(raw_name);
    } catch (const base::Error& error) {
      if (error.code() != base::ErrorCode::kRefused) throw;
      base::log_debug("{}: {}", account.name, error.what());
      return std::nullopt;
    }
  };
  for (const imap::Folder& folder : session.list(top + "*")) {
    std::string name = imap::shown_folder_name(folder.raw_name, delimiter, personal.prefix);
    if (!folder.can_be_opened() || !is_at_or_below(name, shown_top)) continue;
    if (is_being_filled(folder.raw_name, records)) continue;
    const auto open = examine(folder.raw_name);
    if (!open || open->exists == 0) continue;
    const imap::UidSet unknown = session.search_all().without(
        recorded_in(folder.raw_name, {open->uid_validity, open->mailbox_id.value_or("")}, records));
    if (unknown.empty()) continue;
    UnrecordedMail mail{account.name, std::move(name), unknown.count(), 0, now};
    session.fetch_identities(
        unknown, [&](const imap::MessageItems& items) { mail.bytes += items.size.value_or(0); });
    found.push_back(std::move(mail));
  }
  return found;
}

std::vector<UnrecordedMail> find_unrecorded_mail(const base::Environment& environment,
                                                 store::Reader* reader,
                                                 std::span<const store::TreeRecord> records,
                                                 Look look, const std::string& account) {
  const auto now = environment.clock.now_seconds();
  std::vector<UnrecordedMail> all;
  const auto add = [&](const std::string& name, const auto& find) {
    try {
      for (UnrecordedMail& mail : find()) all.push_back(std::move(mail));
      return true;
    } catch (const base::Error& error) {
      base::log_warning("{}: cannot check for mail without a record: {}", name, error.what());
      return false;
    }
  };

  const auto is_wanted = [&](const std::string& name) {
    return account.empty() || name == account;
  };
  std::map<std::string, std::vector<store::TreeRecord>> trees;
  for (const store::TreeRecord& record : records) {
    if (is_wanted(record.account)) trees[record.account].push_back(record);
  }
  std::set<std::string> seen;
  for (const auto& [name, own] : trees) {
    const bool is_seen =
        look == Look::kLive && add(name, [&, &own = own, &name = name] {
          const TreeAccount known =
              find_tree_account(environment.config, environment.files, own.front());
          if (!known.unreachable.empty()) {
            return reader == nullptr ? std::vector<UnrecordedMail>()
                                     : in_newest_snapshot(*reader, name, environment.config);
          }
          const base::AccountConfig& opened = known.account;
          imap::AccountOpener opener(environment.config.server_of(opened), opened);
          imap::Session session = opener.open();
          auto found = opener.run([&] { session = opener.open(); },
                                  [&] {
                                    return unrecorded_now(session, opened, own,
                                                          environment.config.restore.tree, now);
                                  });
          session.logout();
          return found;
        });
    if (is_seen) seen.insert(name);
  }
  if (reader == nullptr) return all;
  for (const std::string& name : reader->accounts()) {
    if (is_wanted(name) && !seen.contains(name))
      add(name, [&] { return in_newest_snapshot(*reader, name, environment.config); });
  }
  return all;
}

nlohmann::ordered_json to_json(const std::vector<UnrecordedMail>& mail) {
  auto documents = nlohmann::ordered_json::array();
  for (const UnrecordedMail& folder : mail) {
    documents.push_back({{"account", folder.account},
                         {"folder", folder.folder},
                         {"messages", folder.messages},
                         {"bytes", folder.bytes},
                         {"seen", base::format_rfc3339(folder.seen)}});
  }
  return documents;
}

std::string to_text(const std::vector<UnrecordedMail>& mail) {
  std::string text;
  for (const UnrecordedMail& folder : mail) {
    text += fmt::format("{}: {}: {} ({}) not put there by a restore; kept (seen {})\n",
                        base::escape_for_terminal(folder.account),
                        base::escape_for_terminal(folder.folder),
                        base::format_count(folder.messages, "message"),
                        base::format_size(folder.bytes), base::shown_time(folder.seen));
  }
  return text;
}

}  // namespace restore
