// Commits when enough has come together: a crash then costs minutes, not the run. Everything here
// belongs to whoever has the turn at the store.
#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

#include "base/clock.h"
#include "store/writer.h"

namespace backupd {

class CommitSchedule {
 public:
  // Whoever has work under way that the next commit shall hold.
  class Participant {
   public:
    Participant() = default;
    Participant(const Participant&) = delete;
    Participant& operator=(const Participant&) = delete;
    virtual ~Participant() = default;

    virtual void park() = 0;
  };

  CommitSchedule(store::Writer& writer, const base::Clock& clock);

  void join(Participant& participant);
  void leave(Participant& participant);

  // Parks all participants and commits, if it is time for that.
  void commit_if_due();
  void commit();

 private:
  bool is_due() const;

  store::Writer& writer_;
  const base::Clock& clock_;
  std::vector<Participant*> participants_;
  std::chrono::steady_clock::time_point last_;
  std::uint64_t bytes_then_ = 0;
};

}  // namespace backupd
