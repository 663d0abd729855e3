#include "restore/tree_sweeper.h"

#include <algorithm>
#include <ranges>
#include <utility>

#include <fmt/core.h>

#include "base/ascii.h"
#include "base/error.h"
#include "base/glob.h"
#include "base/stop_request.h"
#include "base/terminal.h"
#include "imap/folder.h"
#include "restore/tree_builder.h"

namespace restore {

namespace {

using Action = SweptLevel::Action;

constexpr int kMaxRounds = 3;  // mail may arrive while a level is emptied

imap::UidSet set_of(const std::vector<base::Uid>& uids) {
  return imap::UidSet(uids);
}

SweptLevel& level_in(SweptTree& tree, const std::string& raw_name) {
  const auto known = std::ranges::find(tree.levels, raw_name, &SweptLevel::raw_name);
  return known != tree.levels.end() ? *known
                                    : tree.levels.emplace_back(SweptLevel{.raw_name = raw_name});
}

}  // namespace

TreeSweeper::TreeSweeper(imap::Session& session, const store::TreeRecord& record,
                         const std::vector<store::TreeRecord>& others, Rescue* rescue)
    : session_(session), record_(record), others_(others), rescue_(rescue) {}

SweptTree TreeSweeper::sweep() {
  SweptTree tree;
  sweep(tree);
  return tree;
}

SweptTree TreeSweeper::plan() {
  SweptTree tree;
  go_through(Mode::kPlan, tree);
  return tree;
}

void TreeSweeper::sweep(SweptTree& tree) {
  go_through(Mode::kCarryOut, tree);
}

SweptLevel TreeSweeper::sweep_level(const store::TreeLevel& level) {
  SweptLevel swept{.raw_name = level.raw_name};
  handle(level, Mode::kCarryOut, {}, swept);
  return swept;
}

void TreeSweeper::go_through(Mode mode, SweptTree& tree) {
  bool is_finished = true;
  std::vector<std::string> planned_away;
  for (const store::TreeLevel& level : std::views::reverse(record_.levels)) {
    if (base::is_stop_requested()) {
      tree.is_stopped = true;
      return;
    }
    const bool is_above = level.raw_name.size() < record_.raw_name.size();
    if (is_above && before_shared_) std::exchange(before_shared_, nullptr)();
    SweptLevel& swept = level_in(tree, level.raw_name);
    if (swept.action == Action::kDeleted) continue;  // before the session was lost
    try {
      handle(level, mode, planned_away, swept);
    } catch (const base::Error& error) {
      swept.why = error.what();
      swept.code = error.code();
      if (error.code() != base::ErrorCode::kRefused) throw;
      // A level that an ACL keeps from being deleted does not stop the others.
      swept.action = Action::kRefused;
    }
    if (swept.action == Action::kWouldDelete) {
      planned_away.push_back(base::with_inbox(level.raw_name, record_.delimiter));
    }
    const bool is_done = swept.action == Action::kGone || swept.action == Action::kDeleted ||
                         swept.action == Action::kLeft;
    is_finished = is_finished && is_done;
  }
  tree.is_finished = is_finished;
}

void TreeSweeper::handle(const store::TreeLevel& level, Mode mode,
                         const std::vector<std::string>& planned_away, SweptLevel& swept) {
  swept.action = Action::kKeptForNow;
  swept.code = base::ErrorCode::kRefused;
  for (int round = 0; round < kMaxRounds; ++round) {
    // A level that is not part of the tree is not even opened.
    const ObservedLevel observed =
        is_part_of(record_, level.raw_name) ? observe(level, mode, planned_away) : ObservedLevel();
    const LevelDecision decision = decide(record_, level, observed);
    swept.why = decision.why;
    if (decision.verdict == LevelVerdict::kGone) {
      if (const std::string why = why_not_gone(); !why.empty()) {
        swept.why = why;
        return;
      }
    }
    if (decision.verdict == LevelVerdict::kGone || decision.verdict == LevelVerdict::kLeave) {
      const bool is_gone = decision.verdict == LevelVerdict::kGone;
      swept.action = is_gone ? Action::kGone : Action::kLeft;
      // A sweep that died may have got no further than DELETE.
      const bool was_ours = level.state != store::LevelState::kNotOurs;
      if (is_gone && was_ours && mode == Mode::kCarryOut) unsubscribe(level);
      return;
    }
    const bool goes = decision.verdict == LevelVerdict::kDelete;
    if (mode == Mode::kPlan) {
      swept.action = goes ? Action::kWouldDelete : Action::kEmptied;
      swept.rescued = goes ? decision.foreign.size() : 0;
      return;
    }
    const std::string trouble = remove_messages(level, decision, swept);
    if (!trouble.empty()) {
      swept.why = trouble;
      return;
    }
    if (!goes) {
      swept.action = Action::kEmptied;
      return;
    }
    if (remove_folder(level)) {
      swept.action = Action::kDeleted;
      return;
    }
  }
  swept.why = "mail kept arriving in it";
}

// Returns "" if a folder that the server does not list is gone; else why it may still exist.
std::string TreeSweeper::why_not_gone() {
  if (!absence_doubt_.empty()) return absence_doubt_;
  if (sees_account()) return "";
  return "the server does not list even INBOX, so a missing folder does not mean it was deleted";
}

// The server may list what is below INBOX in another case than the record has it.
bool TreeSweeper::is_named(const imap::Folder& folder, const store::TreeLevel& level) const {
  return base::is_same_folder(folder.raw_name, level.raw_name, record_.delimiter);
}

// Behind an ACL, or if the storage is not mounted, everything seems to be gone.
bool TreeSweeper::sees_account() {
  if (sees_account_) return *sees_account_;
  sees_account_ = false;
  for (const imap::Folder& folder : session_.list(imap::kInbox)) {
    if (!base::equal_ignoring_case(folder.raw_name, imap::kInbox)) continue;
    try {
      session_.examine(imap::kInbox);
      sees_account_ = true;
    } catch (const base::Error& error) {
      if (error.code() != base::ErrorCode::kRefused) throw;
    }
  }
  return *sees_account_;
}

// Leaves the folder open if it can be opened: for writing, unless this is only a plan.
ObservedLevel TreeSweeper::observe(const store::TreeLevel& level, Mode mode,
                                   const std::vector<std::string>& planned_away) {
  ObservedLevel observed;
  for (const imap::Folder& folder : session_.list(level.raw_name)) {
    if (!is_named(folder, level) || folder.has_attribute("\\NonExistent")) continue;
    observed.exists = true;
    observed.can_be_opened = folder.can_be_opened();
  }
  if (!observed.exists) return observed;
  const std::string below = base::with_inbox(level.raw_name + record_.delimiter, record_.delimiter);
  for (const imap::Folder& folder : session_.list(level.raw_name + record_.delimiter + "*")) {
    const std::string name = base::with_inbox(folder.raw_name, record_.delimiter);
    const bool goes =
        std::find(planned_away.begin(), planned_away.end(), name) != planned_away.end();
    const bool is_there = name.starts_with(below) && !folder.has_attribute("\\NonExistent");
    observed.has_folders_below = observed.has_folders_below || (is_there && !goes);
  }
  for (const store::TreeRecord& other : others_) {
    if (other.id == record_.id) continue;
    for (const store::TreeLevel& shared : other.levels) {
      observed.is_shared =
          observed.is_shared ||
          (base::is_same_folder(shared.raw_name, level.raw_name, record_.delimiter) &&
           shared.state == store::LevelState::kCreated && shared.identity == level.identity);
    }
  }
  if (!observed.can_be_opened || level.state == store::LevelState::kNotOurs) return observed;

  const imap::OpenFolder open =
      mode == Mode::kPlan ? session_.examine(level.raw_name) : session_.select(level.raw_name);
  observed.identity = {open.uid_validity, open.mailbox_id.value_or("")};
  observed.uid_next = open.uid_next.value_or(0);
  if (open.exists > 0) {
    session_.fetch_identities(imap::UidSet::all(), [&](const imap::MessageItems& items) {
      if (!items.uid) return;
      observed.messages.push_back({*items.uid, items.size.value_or(0),
                                   items.internal_date.value_or(base::ZonedTime()).instant});
    });
  }
  return observed;
}

// Removes messages from the folder that observe() left open. Returns why it failed, or "".
std::string TreeSweeper::remove_messages(const store::TreeLevel& level,
                                         const LevelDecision& decision, SweptLevel& swept) {
  std::vector<base::Uid> leaving = decision.ours;
  const bool has_foreign = decision.verdict == LevelVerdict::kDelete && !decision.foreign.empty();
  if (leaving.empty() && !has_foreign) return "";
  if (!session_.capabilities().has("UIDPLUS")) {
    return "the server cannot expunge single messages (no UIDPLUS)";
  }
  if (has_foreign) {
    const std::string mail =
        base::format_count(decision.foreign.size(), "message") + " that mailstow did not put there";
    if (rescue_ == nullptr) return "it holds " + mail;
    Rescue::Kept kept = rescue_->keep(session_, record_, level, set_of(decision.foreign));
    if (!kept.trouble.empty()) {
      swept.code = kept.code;
      return mail + " could not be rescued: " + kept.trouble;
    }
    // They are counted already if an earlier attempt ended before the server expunged them.
    if (!kept.snapshot.empty() && std::ranges::count(swept.snapshots, kept.snapshot) == 0) {
      swept.rescued += decision.foreign.size() - kept.known;
      swept.snapshots.push_back(std::move(kept.snapshot));
    }
    leaving.insert(leaving.end(), decision.foreign.begin(), decision.foreign.end());
  }
  const std::string deleted = "\\Deleted";
  session_.add_flags(set_of(leaving), {&deleted, 1});
  session_.expunge(set_of(leaving));
  swept.is_expunged = true;
  return "";
}

// Removes the folder only if it is empty: returns false if mail has arrived.
bool TreeSweeper::remove_folder(const store::TreeLevel& level) {
  session_.examine(imap::kInbox);  // leaves the folder that is deleted
  if (level.identity && level.identity->is_parent_only()) {
    // It holds no messages; a mailbox that replaced it meanwhile might.
    for (const imap::Folder& folder : session_.list(level.raw_name)) {
      if (is_named(folder, level) && folder.can_be_opened()) return false;
    }
    session_.remove(level.raw_name);
    return true;
  }
  const imap::FolderStatus status = session_.status(level.raw_name);
  const bool is_same =
      level.identity ? has_identity(*level.identity, status) : status.uid_next == 1U;
  if (status.messages != 0U || !is_same) return false;
  // Mail that arrives between these two responses is deleted with the folder: IMAP has no "delete
  // if empty".
  session_.remove(level.raw_name);
  unsubscribe(level);
  return true;
}

// Some servers keep subscriptions to folders that no longer exist.
void TreeSweeper::unsubscribe(const store::TreeLevel& level) {
  try {
    session_.unsubscribe(level.raw_name);
  } catch (const base::Error& error) {
    if (error.code() != base::ErrorCode::kRefused) throw;
  }
}

}  // namespace restore
