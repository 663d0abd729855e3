// Deletes one tree: record -> identity check -> rescue -> delete, deepest level first.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/error.h"
#include "imap/session.h"
#include "restore/sweep_decision.h"
#include "store/tree_record.h"

namespace restore {

// Keeps what a user put into a tree before it is deleted.
class Rescue {
 public:
  Rescue() = default;
  Rescue(const Rescue&) = delete;
  Rescue& operator=(const Rescue&) = delete;
  virtual ~Rescue() = default;

  struct Kept {
    std::string trouble;                               // why not; empty: every one is safe
    base::ErrorCode code = base::ErrorCode::kRefused;  // of the trouble
    std::string snapshot = {};  // the id of that which has them; empty: there was none to make
    std::size_t known = 0;      // of them, what a half-made tree's own run had put there
  };
  // Reads the messages out of the folder that is open in `session` and makes them durable. Fails as
  // the session does.
  virtual Kept keep(imap::Session& session, const store::TreeRecord& record,
                    const store::TreeLevel& level, const imap::UidSet& uids) = 0;
};

struct SweptLevel {
  std::string raw_name;
  enum class Action {
    kGone,
    kDeleted,
    kWouldDelete,
    kEmptied,
    kLeft,
    kKeptForNow,
    kRefused,  // by the server, with its words
  } action = Action::kKeptForNow;
  std::string why;
  std::size_t rescued = 0;                           // messages
  std::vector<std::string> snapshots = {};           // ids of those that have them
  base::ErrorCode code = base::ErrorCode::kRefused;  // of what was kept for now, or refused
};

struct SweptTree {
  std::vector<SweptLevel> levels;
  bool is_finished = false;  // nothing of it is left to do: its record may go
  bool is_stopped = false;   // what is left was not reached: somebody asked (base/stop_request.h)
};

class TreeSweeper {
 public:
  // All must outlive it. Without a rescue a level that holds foreign mail is kept for now.
  // `others`: the records of the account's other trees.
  TreeSweeper(imap::Session& session, const store::TreeRecord& record,
              const std::vector<store::TreeRecord>& others, Rescue* rescue = nullptr);

  // What the server does not show is not taken for gone, for this reason.
  void believe_nothing_gone(std::string why) { not_gone_ = std::move(why); }

  // Called once, before the first level that other trees may share: time to bring `others` up to
  // date, and to let no run begin a tree there.
  void before_shared(std::function<void()> call) { before_shared_ = std::move(call); }

  SweptTree sweep();
  SweptTree plan();  // the same decisions; writes nothing

  SweptLevel sweep_level(const store::TreeLevel& level);

 private:
  enum class Mode { kPlan, kCarryOut };

  SweptTree go_through(Mode mode);
  SweptLevel handle(const store::TreeLevel& level, Mode mode,
                    const std::vector<std::string>& planned_away);
  ObservedLevel observe(const store::TreeLevel& level, Mode mode,
                        const std::vector<std::string>& planned_away);
  std::string remove_messages(const store::TreeLevel& level, const LevelDecision& decision,
                              SweptLevel& swept);
  bool remove_folder(const store::TreeLevel& level);
  bool sees_account();
  std::string why_not_gone();
  void unsubscribe(const store::TreeLevel& level);

  imap::Session& session_;
  const store::TreeRecord& record_;
  const std::vector<store::TreeRecord>& others_;
  std::function<void()> before_shared_;
  Rescue* rescue_;
  std::optional<bool> sees_account_;
  std::string not_gone_;
};

}  // namespace restore
