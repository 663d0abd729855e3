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
    std::string trouble;                               // why it failed; empty: all are safe
    base::ErrorCode code = base::ErrorCode::kRefused;  // of the trouble
    // The id of the one that has them, the same if the same messages are rescued again soon; empty:
    // none had to be made.
    std::string snapshot = {};
    std::size_t known = 0;  // those that the run of an incomplete tree had itself put there
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
    kRefused,  // by the server; `why` has its response
  } action = Action::kKeptForNow;
  std::string why = {};
  std::size_t rescued = 0;                           // messages
  bool is_expunged = false;                          // the server has removed them
  std::vector<std::string> snapshots = {};           // ids of the snapshots that have them
  base::ErrorCode code = base::ErrorCode::kRefused;  // why it was kept for now, or refused
};

struct SweptTree {
  std::vector<SweptLevel> levels;
  bool is_finished = false;  // nothing is left to do: the tree's record may be removed
  bool is_stopped = false;   // the rest was not reached: a stop was requested (base/stop_request.h)
};

class TreeSweeper {
 public:
  // All must outlive it. Without a rescue, levels that hold foreign mail are kept for now.
  // `others`: the records of the account's other trees.
  TreeSweeper(imap::Session& session, const store::TreeRecord& record,
              const std::vector<store::TreeRecord>& others, Rescue* rescue = nullptr);

  // The reason why folders that the server does not list do not count as deleted.
  void distrust_absence(std::string why) { absence_doubt_ = std::move(why); }

  // `call` is called once, before the first level that other trees may share: it should update
  // `others`, and keep runs from beginning a tree there.
  void before_shared(std::function<void()> call) { before_shared_ = std::move(call); }

  SweptTree sweep();
  SweptTree plan();  // the same decisions; writes nothing

  // Sweeps into `tree`, which has what was done even if this fails. It may be what an earlier call
  // left there when its session was lost: what that deleted or rescued stays in it.
  void sweep(SweptTree& tree);

  SweptLevel sweep_level(const store::TreeLevel& level);

 private:
  enum class Mode { kPlan, kCarryOut };

  void go_through(Mode mode, SweptTree& tree);
  void handle(const store::TreeLevel& level, Mode mode,
              const std::vector<std::string>& planned_away, SweptLevel& swept);
  ObservedLevel observe(const store::TreeLevel& level, Mode mode,
                        const std::vector<std::string>& planned_away);
  std::string remove_messages(const store::TreeLevel& level, const LevelDecision& decision,
                              SweptLevel& swept);
  bool remove_folder(const store::TreeLevel& level);
  bool is_named(const imap::Folder& folder, const store::TreeLevel& level) const;
  bool sees_account();
  std::string why_not_gone();
  void unsubscribe(const store::TreeLevel& level);

  imap::Session& session_;
  const store::TreeRecord& record_;
  const std::vector<store::TreeRecord>& others_;
  std::function<void()> before_shared_;
  Rescue* rescue_;
  std::optional<bool> sees_account_;
  std::string absence_doubt_;
};

}  // namespace restore
