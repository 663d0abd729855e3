#include "restore/tree_site.h"

#include <algorithm>

#include "base/error.h"
#include "base/log.h"
#include "restore/tree_builder.h"
#include "restore/tree_lock.h"
#include "restore/tree_sweeper.h"

namespace restore {

namespace {

// Cyrus keeps deleted folders under a name that contains the second, and so refuses to delete a
// folder of the same name twice in a second: a run that was killed may just have done so.
constexpr std::chrono::milliseconds kDeletedAgain{1500};

// Some servers refuse the question when there is no list yet.
bool uses_subscriptions(imap::Session& session) {
  try {
    return !session.subscriptions().empty();
  } catch (const base::Error& error) {
    if (error.code() != base::ErrorCode::kRefused) throw;
    base::log_warning("the tree's folders are not subscribed to: {}", error.what());
    return false;
  }
}

}  // namespace

void TreeSite::subscribe() {
  if (!uses_subscriptions(tree_.session)) return;
  for (const store::TreeLevel& level : tree_.record.levels) {
    if (level.state != store::LevelState::kCreated) continue;
    if (level.identity && level.identity->is_parent_only()) continue;
    try {
      tree_.session.subscribe(level.raw_name);
    } catch (const base::Error& error) {
      if (error.code() != base::ErrorCode::kRefused) throw;
      base::log_warning("{}", error.what());
    }
  }
}

void TreeSite::remove_level(const std::string& raw_name) {
  TreeSweeper sweeper(tree_.session, tree_.record, tree_.others);
  try {
    sweeper.sweep_level(*tree_.record.level(raw_name));
  } catch (const base::Error& error) {
    if (error.code() != base::ErrorCode::kRefused) throw;
    environment_.clock.sleep_for(kDeletedAgain);
    sweeper.sweep_level(*tree_.record.level(raw_name));
  }
  // Recorded until it is gone: a level that a crash leaves behind is swept with the tree. One that
  // is recorded longer does no harm.
  std::erase_if(tree_.record.levels, [&](const auto& level) {
    return level.raw_name == raw_name && tree_.session.list(raw_name).empty();
  });
}

void TreeSite::give_up() {
  const auto is_gone = [&] {
    return TreeSweeper(tree_.session, tree_.record, tree_.others).sweep().is_finished;
  };
  if (!is_gone()) {
    environment_.clock.sleep_for(kDeletedAgain);
    if (!is_gone()) return;
  }
  tree_.records.remove(tree_.record.id);
  remove_tree_lock(environment_.files, location_, tree_.record.id);
}

}  // namespace restore
