#include "restore/tree_site.h"

#include <algorithm>

#include "base/error.h"
#include "base/log.h"
#include "restore/tree_builder.h"
#include "restore/tree_lock.h"
#include "restore/tree_sweeper.h"

namespace restore {

namespace {

// Cyrus keeps what is deleted under a name with the second in it, and so refuses to delete a folder
// of one name twice in a second: a run that was killed may have just done so.
constexpr std::chrono::milliseconds kDeletedAgain{1500};

}  // namespace

void TreeSite::subscribe() {
  if (of_.session.subscriptions().empty()) return;
  for (const store::TreeLevel& level : of_.record.levels) {
    if (level.state != store::LevelState::kCreated) continue;
    try {
      of_.session.subscribe(level.raw_name);
    } catch (const base::Error& error) {
      if (error.code() != base::ErrorCode::kRefused) throw;
      base::log_warning("{}", error.what());
    }
  }
}

void TreeSite::remove_level(const std::string& raw_name) {
  TreeSweeper sweeper(of_.session, of_.record, of_.others);
  try {
    sweeper.sweep_level(*of_.record.level(raw_name));
  } catch (const base::Error& error) {
    if (error.code() != base::ErrorCode::kRefused) throw;
    environment_.clock.sleep_for(kDeletedAgain);
    sweeper.sweep_level(*of_.record.level(raw_name));
  }
  // Recorded until it is gone: what a crash leaves here is swept with the tree.
  std::erase_if(of_.record.levels, [&](const auto& level) {
    return level.raw_name == raw_name && of_.session.list(raw_name).empty();
  });
  of_.records.put(of_.record);
}

void TreeSite::give_up() {
  const auto is_gone = [&] {
    return TreeSweeper(of_.session, of_.record, of_.others).sweep().is_finished;
  };
  if (!is_gone()) {
    environment_.clock.sleep_for(kDeletedAgain);
    if (!is_gone()) return;
  }
  of_.records.remove(of_.record.id);
  environment_.files.remove(tree_lock_file(location_, of_.record.id));
}

}  // namespace restore
