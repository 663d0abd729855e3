// The commands of mailstow-restore, each in a file named after its verb.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/program/command.h"
#include "base/program/program.h"
#include "restore/mail_files.h"
#include "restore/output.h"
#include "restore/selection.h"

namespace restore {

base::ExitStatus accounts(const base::Environment& environment, const Page& page);
base::Command accounts_command();

base::ExitStatus snapshots(const base::Environment& environment, const std::string& account,
                           const Page& page);
base::Command snapshots_command();

base::ExitStatus folders(const base::Environment& environment, const std::string& account,
                         const std::string& at, const Page& page);
base::Command folders_command();

base::ExitStatus messages(const base::Environment& environment, const std::string& account,
                          const std::string& folder, const std::string& at, const Page& page);
base::Command messages_command();

struct ShowOptions {
  std::string account;
  std::string message;    // its id, or the first eight or more digits
  bool raw = false;       // print the message's bytes and nothing else
  std::size_t limit = 0;  // places and snapshots to list at most; 0: all
};
// Prints where and when the account's snapshots hold a message, or its bytes. Fails with kNotFound
// if the account has no such message, and kUsage if the bytes would go to a terminal.
base::ExitStatus show(const base::Environment& environment, const ShowOptions& options);
base::Command show_command();

struct SearchOptions {
  std::string account;
  std::string query;  // in the syntax of store/search_index/query.h
  std::string at;     // empty: all that the account ever held
  Page page = {.limit = 1'000, .after = ""};
};
base::ExitStatus search(const base::Environment& environment, const SearchOptions& options);
base::Command search_command();

struct DiffOptions {
  std::string account;
  std::string from;                  // in the syntax of choose_snapshot()
  std::string to;                    // the same; empty: the newest
  std::vector<std::string> folders;  // globs over shown names; empty: all
  Page page;
};
// Prints the differences between two snapshots: kDone whether or not there are any.
base::ExitStatus diff(const base::Environment& environment, const DiffOptions& options);
base::Command diff_command();

struct VanishedOptions {
  std::string account;
  bool all = false;   // instead: every account that has a snapshot, a line each
  std::string since;  // a time or, unless `all`, a snapshot's id; empty: from the first snapshot on
  Page page;          // not with `all`
  // Messages to list of each burst, in JSON; nullopt: all. All are counted. Not with `all`.
  std::optional<std::uint32_t> messages = std::nullopt;
};
// Shows what disappeared from an account's folders, and how to restore it. Fails with kUsage unless
// one of `account` and `all` is given.
base::ExitStatus vanished(const base::Environment& environment, const VanishedOptions& options);
base::Command vanished_command();

struct RunOptions {
  std::string account;
  SelectionOptions selection;
  bool all = false;       // the whole snapshot; else `selection` must choose something
  std::string resume;     // the tree of a run that died, whose request is completed
  std::string to;         // the account that the tree is restored into; empty: the same account
  bool in_place = false;  // restore under the original names, into an account without messages
  std::optional<std::chrono::seconds> expire_after;  // nullopt: as configured
  bool dry_run = false;
  bool allow_quota = false;
  std::optional<std::uint32_t> progress_fd = std::nullopt;  // for ProgressEvents
  std::string job = {};                                     // RestoreRequest::job
};
// Restores the selected messages as a new tree. Fails with kUsage if nothing is selected.
base::ExitStatus run(const base::Environment& environment, const RunOptions& options);
base::Command run_command();

struct ExportOptions {
  std::string account;
  SelectionOptions selection;
  MailFormat format = MailFormat::kEml;
  std::string to;                                           // a directory that is new or empty
  std::optional<std::uint32_t> progress_fd = std::nullopt;  // for ProgressEvents
};
// Writes the selected messages into files, with a manifest.
base::ExitStatus export_mail(const base::Environment& environment, const ExportOptions& options);
base::Command export_command();

struct TreesOptions {
  std::string account;  // empty: all
  // Globs over names of accounts, beside `account`; nullopt: all.
  std::optional<std::vector<std::string>> scope = std::nullopt;
  Page page;
};
// Fails with kNotFound for an account that is not configured and has neither trees nor snapshots.
base::ExitStatus trees(const base::Environment& environment, const TreesOptions& options);
base::Command trees_command();

base::ExitStatus extend(const base::Environment& environment, const std::string& account,
                        const std::string& tree, std::chrono::seconds length);
base::Command extend_command();

struct ExpireOptions {
  std::string account;
  std::string tree;
  bool forget_record = false;  // remove only the record: the folders stay
};
// Makes a tree due at once.
base::ExitStatus expire(const base::Environment& environment, const ExpireOptions& options);
base::Command expire_command();

struct SweepOptions {
  bool dry_run = false;
  bool now = false;  // sweep even if the clock is doubted
};
// Deletes expired trees.
base::ExitStatus sweep(const base::Environment& environment, const SweepOptions& options);
base::Command sweep_command();

// Carries out one request of the restore desk, which it reads from stdin: not for people.
base::Command answer_command();

}  // namespace restore
