// Commits when enough has been written, so that a crash costs minutes, not the run. Only the thread
// that has the turn at the store may use it.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <vector>

#include "base/clock.h"
#include "store/writer.h"

namespace backupd {

class CommitSchedule {
 public:
  // Has work under way that the next commit must contain.
  class Participant {
   public:
    Participant() = default;
    Participant(const Participant&) = delete;
    Participant& operator=(const Participant&) = delete;
    virtual ~Participant() = default;

    virtual void park() = 0;
  };

  // `before_commit` is called before each commit, once all participants are parked.
  CommitSchedule(store::Writer& writer, const base::Clock& clock,
                 std::function<void()> before_commit = {});

  void join(Participant& participant);
  void leave(Participant& participant);

  // Parks all participants and commits, if a commit is due: for when something new was stored.
  void commit_if_due();
  // The same after an account is done: its snapshot should not wait as long for the others.
  void commit_if_due_for_account();
  // The same for any time: only if something new was stored since the last one, or an account left,
  // which may have been too early for its own commit.
  void commit_if_worthwhile();
  void commit();

 private:
  bool is_due() const;
  bool is_due_for_account() const;

  store::Writer& writer_;
  const base::Clock& clock_;
  std::function<void()> before_commit_;
  std::vector<Participant*> participants_;
  std::chrono::steady_clock::time_point last_;
  std::uint64_t bytes_then_ = 0;
  std::uint64_t messages_then_ = 0;
  bool has_one_left_ = false;  // since the last commit
};

}  // namespace backupd
