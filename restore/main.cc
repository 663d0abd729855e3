// mailstow-restore: brings mail back, beside live mail, for a week.
#include <algorithm>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <CLI/CLI.hpp>

#include "base/config/found_accounts.h"
#include "base/log.h"
#include "base/program/audit_log.h"
#include "base/program/command_line.h"
#include "restore/commands.h"

namespace {

constexpr const char* kFooter =
    "Exit status: 0 all done; 1 nothing done; 2 wrong usage, configuration or key;\n"
    "3 something done and something not; 4 the store is damaged; 5 another process\n"
    "holds the store; 6 refused because the tree would count towards quota.";

// What the command line says.
struct Arguments {
  std::string config_path{base::kDefaultConfigPath};
  bool verbose = false;
  bool quiet = false;
  bool json = false;
  std::string account;
  std::string folder;
  std::string tree;
  std::string duration;
  std::string at;
  std::string since;
  restore::RunOptions run;
  restore::SearchOptions search;
  restore::ExportOptions export_mail;
  std::vector<std::string> words;
  restore::SweepOptions sweep;
};

void add_at(CLI::App* command, std::string& at) {
  command
      ->add_option("--at", at,
                   "The newest snapshot not after this time, as 2026-11-24T02:30, yesterday or "
                   "'3 days ago'; or a snapshot's id")
      ->option_text("TIME");
}

void add_repeated(CLI::App* command, const std::string& name, const std::string& value,
                  std::vector<std::string>& values, const std::string& what) {
  command->add_option(name, values, what)->expected(1)->take_all()->option_text(value + " ...");
}

using Command = std::function<base::ExitStatus(const base::Environment&)>;

void add_browsing(CLI::App& app, Arguments& arguments, Command& chosen) {
  auto* accounts = app.add_subcommand("accounts", "The accounts that have snapshots");
  accounts->callback([&] { chosen = restore::accounts; });

  auto* snapshots = app.add_subcommand("snapshots", "The snapshots of an account");
  snapshots->add_option("NAME", arguments.account, "The account")->required();
  snapshots->callback([&] {
    chosen = [&](const auto& environment) {
      return restore::snapshots(environment, arguments.account);
    };
  });

  auto* folders = app.add_subcommand("folders", "The folders of a snapshot");
  folders->add_option("NAME", arguments.account, "The account")->required();
  add_at(folders, arguments.at);
  folders->callback([&] {
    chosen = [&](const auto& environment) {
      return restore::folders(environment, arguments.account, arguments.at);
    };
  });

  auto* messages = app.add_subcommand("messages", "The messages of a folder in a snapshot");
  messages->add_option("NAME", arguments.account, "The account")->required();
  messages->add_option("FOLDER", arguments.folder, "The folder")->required();
  add_at(messages, arguments.at);
  messages->callback([&] {
    chosen = [&](const auto& environment) {
      return restore::messages(environment, arguments.account, arguments.folder, arguments.at);
    };
  });
  auto* search = app.add_subcommand("search", "Find messages by sender, subject, date or folder");
  search->add_option("NAME", arguments.search.account, "The account")->required();
  search
      ->add_option(
          "QUERY", arguments.words,
          "Words, \"in this order\", from:, to:, cc:, subject:, message-id:, after:, before:,\n"
          "folder:; with - in front: not so")
      ->option_text("...")
      ->required();
  add_at(search, arguments.search.at);
  search->add_option("--most", arguments.search.most, "Show as many at most")
      ->capture_default_str();
  search->callback([&] {
    chosen = [&](const auto& environment) {
      for (const std::string& word : arguments.words) {
        arguments.search.query += (arguments.search.query.empty() ? "" : " ") + word;
      }
      return restore::search(environment, arguments.search);
    };
  });

  auto* vanished =
      app.add_subcommand("vanished", "What disappeared from an account, and how to bring it back");
  vanished->add_option("NAME", arguments.account, "The account")->required();
  vanished
      ->add_option("--since", arguments.since,
                   "From this time on, as 2026-11-24, yesterday or '3 days ago'; or from a "
                   "snapshot's id on")
      ->option_text("TIME");
  vanished->callback([&] {
    chosen = [&](const auto& environment) {
      return restore::vanished(environment, arguments.account, arguments.since);
    };
  });

  for (auto* command : {accounts, snapshots, folders, messages, search, vanished}) {
    command->add_flag("--json", arguments.json, "Print one JSON document");
  }
}

// What to choose of a snapshot.
void add_selection(CLI::App* command, restore::SelectionOptions& selection) {
  add_repeated(command, "--folder", "GLOB", selection.folders,
               "Folders by glob: * crosses levels, ? is one character within one; %2A and %3F are "
               "these themselves");
  command->add_flag("--subfolders", selection.subfolders, "And the folders below those");
  add_repeated(command, "--message", "ID", selection.messages,
               "Messages by id, or the beginning of one");
  add_at(command, selection.at);
  command->add_option("--query", selection.query, "Messages that a search finds")
      ->option_text("QUERY");
  command
      ->add_option("--since", selection.since,
                   "Messages from this time, or a snapshot's, on, by INTERNALDATE")
      ->option_text("TIME");
  command
      ->add_option("--before", selection.before, "Messages from before this time, or a snapshot's")
      ->option_text("TIME");
  command->add_flag("--missing", selection.missing,
                    "Only what the account no longer has in any folder, by a backup taken first");
}

void add_run(CLI::App& app, Arguments& arguments, Command& chosen) {
  auto* run = app.add_subcommand("run", "Restore what is chosen as a new tree");
  run->add_option("NAME", arguments.run.account, "The account")->required();
  add_selection(run, arguments.run.selection);
  auto* resume = run->add_option("--resume", arguments.run.resume,
                                 "Go on with a tree that another run left half made")
                     ->option_text("TREE");
  for (CLI::Option* option : run->get_options()) {
    const std::string name = option->get_name();
    if (option->nonpositional() && option != resume && name != "--help") resume->excludes(option);
  }
  run->add_option("--to", arguments.run.to, "Another account, whose mailbox gets the tree")
      ->option_text("ACCOUNT");
  auto* in_place = run->add_flag("--in-place", arguments.run.in_place,
                                 "Not as a tree, but into the folders of an account that holds no "
                                 "messages; needs --to");
  in_place->needs("--to")->excludes(resume);
  run->add_flag("--dry-run", arguments.run.dry_run, "Say what would be done; write nothing");
  run->add_option("--expire-after", arguments.run.expire_after, "How long the tree stays, as 7d")
      ->excludes(in_place)
      ->option_text("DURATION");
  run->add_flag("--allow-quota", arguments.run.allow_quota,
                "Go on if the tree counts towards quota and there is room");
  run->add_flag("--json", arguments.json, "Print one JSON document");
  run->callback([&] {
    chosen = [&](const auto& environment) { return restore::run(environment, arguments.run); };
  });
}

void add_export(CLI::App& app, Arguments& arguments, Command& chosen) {
  auto* command = app.add_subcommand("export", "Write what is chosen into files");
  auto& options = arguments.export_mail;
  command->add_option("NAME", options.account, "The account")->required();
  add_selection(command, options.selection);
  static const std::map<std::string, restore::MailFormat> formats = {
      {"mbox", restore::MailFormat::kMbox},
      {"maildir", restore::MailFormat::kMaildir},
      {"eml", restore::MailFormat::kEml}};
  command
      ->add_option_function<std::string>(
          "--format", [&](const std::string& name) { options.format = formats.at(name); },
          "mbox, maildir or eml")
      ->required()
      ->check(CLI::IsMember({"mbox", "maildir", "eml"}))
      ->option_text("FORMAT");
  command->add_option("--to", options.to, "A folder that is new or empty")
      ->required()
      ->type_name("DIRECTORY");
  command->add_flag("--json", arguments.json, "Print one JSON document");
  command->callback([&] {
    chosen = [&](const auto& environment) {
      return restore::export_mail(environment, arguments.export_mail);
    };
  });
}

void add_trees(CLI::App& app, Arguments& arguments, Command& chosen) {
  auto* trees = app.add_subcommand("trees", "The restored trees and when they expire");
  trees->add_flag("--json", arguments.json, "Print one JSON document");
  trees->callback([&] { chosen = restore::trees; });

  auto* extend = app.add_subcommand("extend", "Let a tree stay longer");
  extend->add_option("NAME", arguments.account, "The account")->required();
  extend->add_option("TREE", arguments.tree, "The tree, as `trees` shows it")->required();
  extend->add_option("DURATION", arguments.duration, "As 7d")->required();
  extend->add_flag("--json", arguments.json, "Print one JSON document");
  extend->callback([&] {
    chosen = [&](const auto& environment) {
      return restore::extend(environment, arguments.account, arguments.tree, arguments.duration);
    };
  });

  auto* sweep = app.add_subcommand("sweep", "Delete the trees whose time is over");
  sweep->add_flag("--dry-run", arguments.sweep.dry_run, "Say what would be done; write nothing");
  sweep->add_flag("--now", arguments.sweep.now, "Although the system's clock seems to have jumped");
  sweep->add_flag("--json", arguments.json, "Print one JSON document");
  sweep->callback([&] {
    chosen = [&](const auto& environment) { return restore::sweep(environment, arguments.sweep); };
  });
}

// A search's "-word", for messages without it, is no option: what begins with a blank is none, and
// to a query blanks mean nothing.
std::vector<std::string> words_of(int argc, char** argv) {
  std::vector<std::string> words(argv + 1, argv + argc);
  const auto search = std::find(words.begin(), words.end(), "search");
  if (search == words.end()) return words;
  for (auto word = search; word != words.end(); ++word) {
    const bool is_short =
        word->size() == 2 && std::string("vqh").find((*word)[1]) != std::string::npos;
    if (word->starts_with('-') && !word->starts_with("--") && !is_short) word->insert(0, " ");
  }
  return words;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Finds mail in a store and brings it back as a new tree of folders.",
               "mailstow-restore");
  app.footer(kFooter);
  app.require_subcommand(1);
  app.fallthrough();
  app.set_version_flag("--version", "mailstow " MAILSTOW_VERSION);
  Arguments arguments;
  app.add_option("--config", arguments.config_path, "The configuration file")
      ->capture_default_str()
      ->type_name("FILE");
  app.add_flag("-v,--verbose", arguments.verbose, "Log more");
  app.add_flag("-q,--quiet", arguments.quiet, "Log errors only")->excludes("--verbose");
  Command chosen;
  add_browsing(app, arguments, chosen);
  add_run(app, arguments, chosen);
  add_export(app, arguments, chosen);
  add_trees(app, arguments, chosen);

  if (const auto ended = base::parse_command_line(app, words_of(argc, argv))) {
    return static_cast<int>(*ended);
  }
  if (arguments.verbose) base::set_log_level(base::LogLevel::kDebug);
  if (arguments.quiet) base::set_log_level(base::LogLevel::kError);

  return static_cast<int>(base::run_guarded("mailstow-restore", [&] {
    base::FileSystem& files = base::real_file_system();
    base::Environment environment{
        base::with_found_accounts(base::load_config(files, arguments.config_path), files),
        arguments.json ? base::OutputFormat::kJson : base::OutputFormat::kText, files,
        base::system_clock(), arguments.config_path};
    const base::Invoker invoker = base::invoker();
    base::become_owner_of(environment.config.store.path);
    const std::string command = app.get_subcommands().front()->get_name();
    if (command != "accounts" && command != "trees") {
      base::AuditLog(environment.config.store, invoker, environment.clock)
          .append({.program = "mailstow-restore",
                   .command = command,
                   .account = arguments.account + arguments.run.account + arguments.search.account +
                              arguments.export_mail.account,
                   .arguments = {argv + 1, argv + argc}});
    }
    return chosen(environment);
  }));
}
