#include <algorithm>
#include <array>
#include <iterator>
#include <map>
#include <optional>
#include <set>
#include <utility>

#include <fmt/format.h>

#include "backupd/doctor/checks.h"
#include "base/ascii.h"
#include "base/config/tree_name.h"
#include "base/error.h"
#include "base/glob.h"
#include "base/terminal.h"
#include "base/time_text.h"
#include "imap/account_opener.h"
#include "imap/folder_name.h"
#include "store/format/location.h"
#include "store/reader.h"
#include "store/tree_record.h"

namespace backupd {

namespace {

// INBOX as the newest snapshot records it.
struct RecordedInbox {
  store::FolderInfo info;
  std::chrono::sys_seconds time{};
};

bool is_inbox(std::string_view raw_name) {
  return base::equal_ignoring_case(raw_name, imap::kInbox);
}

// One refused login slows down those of all other accounts.
std::string remedy_for(const base::Error& error) {
  if (error.code() != base::ErrorCode::kLogin) return "";
  return "correct its user and password; after a refused login Dovecot makes all others from the "
         "same address wait, up to 15 seconds: login_trusted_networks on the server, with this "
         "machine's address, exempts it";
}

constexpr std::string_view kExcludeCheck = "exclude";

std::set<std::string> excludes_of(const base::Config& config, const base::AccountConfig& account) {
  std::set<std::string> globs(config.exclude.begin(), config.exclude.end());
  globs.insert(account.exclude.begin(), account.exclude.end());
  return globs;
}

std::string describe_idle_exclude(const std::string& glob) {
  return fmt::format("{} matches no folder, so it excludes nothing",
                     base::escape_for_terminal(glob));
}

class AccountExaminer {
 public:
  AccountExaminer(const base::Environment& environment, const std::string& name)
      : config_(environment.config),
        server_name_(name),
        server_(environment.config.servers.at(name)),
        subject_(base::escape_for_terminal(name)) {
    try {
      reader_.emplace(
          store::Reader::open(store::location_of(environment.config.store), environment.files));
    } catch (const base::Error&) {
      // Without a readable store nothing is recorded; other checks report that.
    }
    try {
      store::TreeRecords::Listing listing =
          store::TreeRecords::open(store::location_of(environment.config.store), environment.files)
              .list();
      if (listing.damaged.empty()) trees_ = std::move(listing.records);
    } catch (const base::Error&) {
      // The same.
    }
  }

  std::vector<Finding> run(const std::vector<base::AccountConfig>& accounts) {
    for (const base::AccountConfig& account : accounts) {
      try {
        examine_account(account);
      } catch (const base::Error& error) {
        findings_.push_back(failure("login", base::escape_for_terminal(account.name), error.what(),
                                    remedy_for(error)));
      }
    }
    if (logged_in_ > 0) {
      findings_.push_back(passed(
          "login", subject_,
          fmt::format("login succeeded for {} of the {} tried{}", logged_in_,
                      base::format_count(accounts.size(), "account"),
                      recognised_ > 0 ? fmt::format("; {} have the expected owner", recognised_)
                                      : std::string("; the server does not show who owns them"))));
    }
    report_idle_excludes();
    return std::move(findings_);
  }

 private:
  void examine_account(const base::AccountConfig& account) {
    imap::AccountOpener opener(server_, account);
    imap::Session session = opener.open();
    const auto doing_without = [&](const auto& work) {
      return opener.run([&] { session = opener.open(); }, work);
    };
    if (logged_in_++ == 0) {
      std::ranges::move(check_capabilities(subject_, server_, session.capabilities()),
                        std::back_inserter(findings_));
    }
    const imap::FolderStatus inbox = doing_without([&] { return session.status(imap::kInbox); });
    const std::array signs = {is_unshared(account, inbox), is_recorded_inbox(account, inbox),
                              doing_without([&] { return names_its_user(account, session); })};
    const auto says = [&](Sign sign) { return std::ranges::find(signs, sign) != signs.end(); };
    if (says(Sign::kItsOwn) && !says(Sign::kAnothers)) ++recognised_;
    const std::vector<imap::Folder> folders =
        doing_without([&] { return session.list_personal_folders(); });
    try_excludes(account, session, folders);
    report_unrecorded_trees(account, shown_names(session, folders), folders);
    doing_without([&] { report_folders_outside(account, session); });
    session.logout();
  }

  // The evidence a server gives about the owner of an account.
  enum class Sign { kNone, kItsOwn, kAnothers };

  // Two accounts with the same mailbox: the server ignored which user was requested.
  Sign is_unshared(const base::AccountConfig& account, const imap::FolderStatus& inbox) {
    if (!inbox.mailbox_id) return Sign::kNone;
    const auto [seen, is_new] = owners_.emplace(*inbox.mailbox_id, &account);
    if (is_new || seen->second->user == account.user) return Sign::kNone;
    findings_.push_back(failure(
        "identity", base::escape_for_terminal(account.name),
        fmt::format("its INBOX is also that of {}", base::escape_for_terminal(seen->second->name)),
        "check its user, and that the server honours the admin's authorization identity"));
    return Sign::kAnothers;
  }

  Sign is_recorded_inbox(const base::AccountConfig& account, const imap::FolderStatus& inbox) {
    const auto recorded = recorded_inbox(account.name);
    if (!recorded) return Sign::kNone;
    const bool is_same = recorded->info.mailbox_id.empty() || !inbox.mailbox_id
                             ? inbox.uid_validity == recorded->info.uid_validity
                             : *inbox.mailbox_id == recorded->info.mailbox_id;
    if (is_same) return Sign::kItsOwn;
    findings_.push_back(warning(
        "identity", base::escape_for_terminal(account.name),
        fmt::format("its INBOX is not the one backed up on {}: the account was recreated, or the "
                    "name now belongs to someone else",
                    base::shown_time(recorded->time)),
        "if it belongs to someone else, give that account another name in the configuration"));
    return Sign::kAnothers;
  }

  // If the server reports ACLs, the owner has rights on INBOX.
  static Sign names_its_user(const base::AccountConfig& account, imap::Session& session) {
    const std::string inbox(imap::kInbox);
    const auto lists = session.acls({&inbox, 1});
    const std::string localpart = account.user.substr(0, account.user.find('@'));
    const bool is_named = std::ranges::any_of(lists.front(), [&](const imap::AclEntry& entry) {
      return entry.identifier == account.user || entry.identifier == localpart;
    });
    return is_named ? Sign::kItsOwn : Sign::kNone;
  }

  static std::vector<std::string> shown_names(imap::Session& session,
                                              const std::vector<imap::Folder>& folders) {
    const auto namespaces = session.namespaces();
    const std::string prefix =
        namespaces.personal.empty() ? "" : namespaces.personal.front().prefix;
    std::vector<std::string> names;
    names.reserve(folders.size());
    for (const imap::Folder& folder : folders) {
      names.push_back(
          imap::shown_folder_name(folder.raw_name, folder.delimiter.value_or('\0'), prefix));
    }
    return names;
  }

  // A backup reports them too, but then a night without them has passed.
  void report_folders_outside(const base::AccountConfig& account, imap::Session& session) {
    std::vector<imap::Folder> folders;
    try {
      folders = session.folders_outside();
    } catch (const base::Error& error) {
      if (error.code() != base::ErrorCode::kRefused) throw;
    }
    std::erase_if(folders, [](const imap::Folder& folder) { return !folder.can_be_opened(); });
    std::vector<std::string> names = shown_names(session, folders);
    std::erase_if(names, [globs = excludes_of(config_, account)](const std::string& name) {
      return std::ranges::any_of(
          globs, [&](const std::string& glob) { return base::folder_glob_matches(glob, name); });
    });
    if (names.empty()) return;
    constexpr std::size_t kMaxNamed = 10;
    const std::size_t count = names.size();
    names.resize(std::min(count, kMaxNamed));
    for (std::string& name : names) name = base::escape_for_terminal(name);
    findings_.push_back(warning(
        "namespaces", base::escape_for_terminal(account.name),
        fmt::format("not backed up, because they are in none of the account's namespaces: {}{}",
                    fmt::join(names, ", "),
                    count > kMaxNamed ? fmt::format(" and {} more", count - kMaxNamed) : ""),
        "if they are the account's, add their prefixes to its `namespaces`"));
  }

  // Trees that another store made: its sweeper deletes them, and a store that was lost has no
  // sweeper.
  void report_unrecorded_trees(const base::AccountConfig& account,
                               const std::vector<std::string>& names,
                               const std::vector<imap::Folder>& folders) {
    std::set<std::string> trees;
    for (std::size_t at = 0; at < folders.size(); ++at) {
      std::string tree = base::tree_of_folder(config_.restore.tree, account.user,
                                              folders[at].delimiter.value_or('\0'), names[at]);
      if (tree.empty() || is_recorded(account.name, folders[at].raw_name)) continue;
      trees.insert(base::escape_for_terminal(tree));
    }
    if (trees.empty()) return;
    constexpr std::size_t kMaxNamed = 10;
    const std::size_t count = trees.size();
    while (trees.size() > kMaxNamed) trees.erase(std::prev(trees.end()));
    findings_.push_back(warning(
        "trees", base::escape_for_terminal(account.name),
        fmt::format("restored trees of which this store has no record: {}{}: another store made "
                    "them, or their record was closed, so `sweep` does not delete them here, and "
                    "they are backed up like other folders",
                    fmt::join(trees, ", "),
                    count > kMaxNamed ? fmt::format(" and {} more", count - kMaxNamed) : ""),
        "if the store that made them is in use, its `mailstow-restore sweep` deletes them; "
        "otherwise delete them with a mail client once their owner needs them no longer"));
  }

  // Without readable records every tree would look like one of another store.
  bool is_recorded(const std::string& account, const std::string& raw_name) const {
    if (!trees_) return true;
    return std::ranges::any_of(*trees_, [&](const store::TreeRecord& record) {
      const store::TreeLevel* const level = record.level(raw_name);
      return record.account == account && level != nullptr &&
             level->state != store::LevelState::kNotOurs;
    });
  }

  void try_excludes(const base::AccountConfig& account, imap::Session& session,
                    const std::vector<imap::Folder>& folders) {
    const std::set<std::string> globs = excludes_of(config_, account);
    if (globs.empty()) return;
    const std::vector<std::string> names = shown_names(session, folders);
    for (const std::string& glob : globs) {
      Exclude& exclude = excludes_[glob];
      ++exclude.tried;
      exclude.is_used = exclude.is_used || std::ranges::any_of(names, [&](const auto& name) {
                          return base::folder_glob_matches(glob, name);
                        });
    }
  }

  // Only if no account of the server that was not tried could have such a folder.
  void report_idle_excludes() {
    for (const auto& [glob, exclude] : excludes_) {
      const auto holders =
          std::ranges::count_if(config_.accounts, [&](const base::AccountConfig& account) {
            return account.server == server_name_ && excludes_of(config_, account).contains(glob);
          });
      if (exclude.is_used || exclude.tried < static_cast<std::size_t>(holders)) continue;
      findings_.push_back(warning(
          std::string(kExcludeCheck), subject_, describe_idle_exclude(glob),
          "correct it or remove it: case matters, and `mailstow-restore folders` shows the names"));
    }
  }

  std::optional<RecordedInbox> recorded_inbox(const std::string& account) {
    const auto snapshot = reader_ ? reader_->newest_snapshot(account) : std::nullopt;
    if (!snapshot) return std::nullopt;
    for (const store::FolderRecord& folder : reader_->folders(*snapshot)) {
      if (is_inbox(folder.info.raw_name)) return RecordedInbox{folder.info, snapshot->time};
    }
    return std::nullopt;
  }

  struct Exclude {
    std::size_t tried = 0;  // accounts
    bool is_used = false;
  };

  const base::Config& config_;
  std::string server_name_;
  const base::ServerConfig& server_;
  std::string subject_;
  std::map<std::string, Exclude> excludes_;  // by glob
  std::optional<store::Reader> reader_;
  std::optional<std::vector<store::TreeRecord>> trees_;       // nullopt: they can't be read
  std::map<std::string, const base::AccountConfig*> owners_;  // by INBOX's MAILBOXID
  std::size_t logged_in_ = 0;
  std::size_t recognised_ = 0;
  std::vector<Finding> findings_;
};

}  // namespace

void merge_idle_excludes(const base::Config& config, std::vector<Finding>& findings) {
  std::map<std::string, std::set<std::string>> servers;  // by what is reported about a glob
  for (const base::AccountConfig& account : config.accounts) {
    for (const std::string& glob : excludes_of(config, account)) {
      servers[describe_idle_exclude(glob)].insert(base::escape_for_terminal(account.server));
    }
  }
  for (const auto& entry : servers) {
    const auto is_about_it = [&](const Finding& finding) {
      return finding.check == kExcludeCheck && finding.what == entry.first;
    };
    const auto first = std::ranges::find_if(findings, is_about_it);
    if (first == findings.end()) continue;
    const auto reported = std::ranges::count_if(findings, is_about_it);
    Finding merged = *first;
    merged.subject = fmt::format("{}", fmt::join(entry.second, ", "));
    const auto place = first - findings.begin();
    std::erase_if(findings, is_about_it);
    if (reported == std::ssize(entry.second)) {
      findings.insert(findings.begin() + place, std::move(merged));
    }
  }
}

std::vector<Finding> check_accounts(const base::Environment& environment, const std::string& name,
                                    const std::vector<base::AccountConfig>& accounts) {
  return AccountExaminer(environment, name).run(accounts);
}

}  // namespace backupd
