#include <algorithm>
#include <optional>
#include <utility>

#include <fmt/core.h>
#include <nlohmann/json.hpp>

#include "base/error.h"
#include "base/log.h"
#include "base/terminal.h"
#include "base/time_text.h"
#include "imap/account_discovery.h"
#include "imap/account_login.h"
#include "restore/clock_guard.h"
#include "restore/commands.h"
#include "restore/output.h"
#include "restore/store_rescue.h"
#include "restore/tree_lock.h"
#include "restore/tree_sweeper.h"
#include "restore/unrecorded_mail.h"
#include "store/location.h"
#include "store/reader.h"

namespace restore {

namespace {

struct TreeOutcome {
  store::TreeRecord record;
  SweptTree swept;
  std::string error;
  std::optional<base::ErrorCode> error_code;
};

const char* word(SweptLevel::Action action) {
  switch (action) {
    case SweptLevel::Action::kGone:
      return "gone";
    case SweptLevel::Action::kDeleted:
      return "deleted";
    case SweptLevel::Action::kWouldDelete:
      return "would be deleted";
    case SweptLevel::Action::kEmptied:
      return "emptied";
    case SweptLevel::Action::kLeft:
      return "left";
    case SweptLevel::Action::kKeptForNow:
      return "kept for now";
    case SweptLevel::Action::kRefused:
      return "refused";
  }
  return "kept for now";
}

bool has_level(const SweptTree& tree, SweptLevel::Action action) {
  return std::any_of(tree.levels.begin(), tree.levels.end(),
                     [&](const SweptLevel& level) { return level.action == action; });
}

// One sweep over all trees that are due.
class Sweep {
 public:
  Sweep(const base::Surroundings& surroundings, const SweepOptions& options)
      : surroundings_(surroundings),
        options_(options),
        location_(store::location_of(surroundings.config.store)),
        records_(store::TreeRecords::open(location_, surroundings.files)),
        rescue_(location_, surroundings.files, surroundings.clock),
        listing_(records_.list()) {
    try {
      reader_.emplace(store::Reader::open(location_, surroundings.files));
    } catch (const base::Error& error) {
      // Trees are swept without the index too.
      base::log_debug("sweep: {}", error.what());
    }
  }

  void carry_out() {
    sweep_due_trees();
    look_for_unrecorded_mail();
  }

  base::ExitStatus exit_status() const {
    if (!listing_.damaged.empty()) return base::ExitStatus::kDamaged;
    if (held_back_ > 0) return base::ExitStatus::kNothingDone;
    const auto failed = [](const TreeOutcome& outcome) { return outcome.error_code.has_value(); };
    const auto failures = std::count_if(outcomes_.begin(), outcomes_.end(), failed);
    if (failures == 0) return base::ExitStatus::kDone;
    const bool did_something =
        static_cast<std::size_t>(failures) < outcomes_.size() ||
        std::any_of(outcomes_.begin(), outcomes_.end(), [](const TreeOutcome& outcome) {
          return has_level(outcome.swept, SweptLevel::Action::kDeleted);
        });
    if (did_something) return base::ExitStatus::kPartial;
    return base::exit_status(*outcomes_.front().error_code);
  }

  nlohmann::ordered_json to_document() const {
    auto trees = nlohmann::ordered_json::array();
    for (const TreeOutcome& outcome : outcomes_) {
      auto levels = nlohmann::ordered_json::array();
      for (const SweptLevel& level : outcome.swept.levels) {
        levels.push_back({{"folder", shown(outcome.record, level.raw_name)},
                          {"action", word(level.action)},
                          {"why", level.why},
                          {"rescued", level.rescued}});
      }
      trees.push_back({{"account", outcome.record.account},
                       {"tree", outcome.record.name},
                       {"expired", base::format_rfc3339(outcome.record.expires)},
                       {"finished", outcome.swept.is_finished && outcome.error.empty()},
                       {"levels", std::move(levels)}});
      if (!outcome.error.empty()) trees.back()["error"] = outcome.error;
    }
    nlohmann::ordered_json document = {{"dry_run", options_.dry_run},
                                       {"trees", std::move(trees)},
                                       {"unrecorded", to_json(unrecorded_)}};
    if (!doubt_.empty()) document["clock_doubted"] = doubt_;
    return document;
  }

  std::string to_text() const {
    std::string text;
    for (const TreeOutcome& outcome : outcomes_) {
      text += fmt::format("{}: {}\n", base::escape_for_terminal(outcome.record.account),
                          base::escape_for_terminal(outcome.record.name));
      for (const SweptLevel& level : outcome.swept.levels) {
        const std::string rescued =
            level.rescued == 0 ? "" : fmt::format("; {} messages rescued", level.rescued);
        text += fmt::format("  {}: {}: {}{}\n",
                            base::escape_for_terminal(shown(outcome.record, level.raw_name)),
                            word(level.action), base::escape_for_terminal(level.why), rescued);
      }
      if (!outcome.error.empty()) text += fmt::format("  {}\n", outcome.error);
    }
    if (held_back_ > 0) text = fmt::format("{} trees are due, none was deleted.\n", held_back_);
    if (text.empty()) text = "No tree is due.\n";
    return text + restore::to_text(unrecorded_);
  }

 private:
  void sweep_due_trees() {
    for (const std::string& line : listing_.damaged) base::log_error("{}", line);
    const auto now = std::chrono::floor<std::chrono::seconds>(surroundings_.clock.now());
    std::vector<store::TreeRecord> due = listing_.records;
    std::erase_if(due, [&](const store::TreeRecord& record) { return record.expires > now; });
    doubt_ = doubt_about(now);
    if (!doubt_.empty()) {
      base::log_warning("sweep: {} trees are due, none is deleted: {}", due.size(), doubt_);
      held_back_ = due.size();
      return;
    }
    for (const store::TreeRecord& record : due) outcomes_.push_back(sweep_tree(record));
  }

  void look_for_unrecorded_mail() {
    std::vector<store::TreeRecord> records = records_.list().records;
    // A server that just failed is not asked again.
    std::erase_if(records, [&](const store::TreeRecord& record) {
      return std::any_of(outcomes_.begin(), outcomes_.end(), [&](const TreeOutcome& outcome) {
        return outcome.record.account == record.account && !outcome.error.empty();
      });
    });
    unrecorded_ =
        find_unrecorded_mail(surroundings_, reader_ ? &*reader_ : nullptr, records, Look::kLive);
  }

  // Why the clock is not to be believed, or nothing. A dry run remembers nothing.
  std::string doubt_about(std::chrono::sys_seconds now) {
    const base::Path file = location_.index / "sweeper.json";
    ClockVerdict verdict =
        judge_clock(now, newest_record(), load_clock_memory(surroundings_.files, file));
    if (options_.now) verdict = {"", {now, std::nullopt, newest_record()}};
    if (options_.dry_run) return verdict.doubt;
    make_folders(surroundings_.files, location_.index);
    save_clock_memory(surroundings_.files, file, verdict.memory);
    return verdict.doubt;
  }

  // The time of the last thing that mailstow recorded: a snapshot or a tree.
  std::optional<std::chrono::sys_seconds> newest_record() {
    std::optional<std::chrono::sys_seconds> newest;
    const auto take = [&](std::chrono::sys_seconds time) {
      newest = newest ? std::max(*newest, time) : time;
    };
    for (const store::TreeRecord& record : listing_.records) take(record.created);
    if (!reader_) return newest;
    try {
      for (const std::string& account : reader_->accounts()) {
        if (const auto snapshot = reader_->newest_snapshot(account)) take(snapshot->time);
      }
    } catch (const base::Error& error) {
      base::log_debug("sweep: {}", error.what());
    }
    return newest;
  }

  TreeOutcome sweep_tree(const store::TreeRecord& record) {
    TreeOutcome outcome{record, {}, {}, {}};
    try {
      const auto lock = lock_tree(surroundings_.files, location_, record.id);
      if (lock == nullptr) {
        base::fail(base::ErrorCode::kBusy, "sweep: {}: a run is at work on it", record.name);
      }
      const base::AccountConfig account =
          imap::find_account(surroundings_.config, surroundings_.files, record.account);
      imap::Session session = imap::open_account(surroundings_.config.server_of(account), account);
      const auto others = others_of(record);
      TreeSweeper sweeper(session, record, others, &rescue_);
      outcome.swept = options_.dry_run ? sweeper.plan() : sweeper.sweep();
      if (has_level(outcome.swept, SweptLevel::Action::kRefused)) {
        outcome.error_code = base::ErrorCode::kRefused;
      }
      if (!options_.dry_run && outcome.swept.is_finished) {
        records_.remove(record.id);
        surroundings_.files.remove(tree_lock_file(location_, record.id));
      }
      session.logout();
    } catch (const base::Error& error) {
      base::log_error("{}: {}: {}", record.account, record.name, error.what());
      outcome.error = error.what();
      outcome.error_code = error.code();
    }
    return outcome;
  }

  // As they stand now: an earlier tree of this sweep may be gone.
  std::vector<store::TreeRecord> others_of(const store::TreeRecord& record) const {
    std::vector<store::TreeRecord> others = records_.list().records;
    std::erase_if(others, [&](const store::TreeRecord& other) {
      return other.account != record.account || other.id == record.id;
    });
    return others;
  }

  // The tree's shown name stands for its raw one; below it raw names are shown as they are.
  static std::string shown(const store::TreeRecord& record, const std::string& raw_name) {
    if (!raw_name.starts_with(record.raw_name)) return raw_name;
    return record.name + raw_name.substr(record.raw_name.size());
  }

  const base::Surroundings& surroundings_;
  const SweepOptions& options_;
  store::Location location_;
  store::TreeRecords records_;
  StoreRescue rescue_;
  store::TreeRecords::Listing listing_;
  std::optional<store::Reader> reader_;
  std::vector<UnrecordedMail> unrecorded_;
  std::string doubt_;
  std::size_t held_back_ = 0;
  std::vector<TreeOutcome> outcomes_;
};

}  // namespace

base::ExitStatus sweep(const base::Surroundings& surroundings, const SweepOptions& options) {
  Sweep sweep(surroundings, options);
  sweep.carry_out();
  print(surroundings.format, sweep.to_document(), sweep.to_text());
  return sweep.exit_status();
}

}  // namespace restore
