// The tools that the folders of an account's pass use.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>

#include "backupd/pass/admission.h"
#include "backupd/pass/daily_budget.h"
#include "backupd/pass/departures.h"
#include "backupd/pass/known_messages.h"
#include "backupd/pass/message_pipe.h"
#include "backupd/pass/spare_sessions.h"
#include "backupd/pass/store_turn.h"
#include "backupd/pass/stumbles.h"
#include "imap/session.h"
#include "imap/wait_budget.h"
#include "store/writer.h"

namespace backupd {

struct PassTools {
  imap::Session& session;
  SpareSessions& spares;
  store::Writer& writer;
  const std::string& account;
  StoreTurn& turn;
  PipeBudget& budget;
  std::chrono::sys_seconds now;
  Departures& departures;
  Stumbles& stumbles;
  DailyBudget& daily_budget;
  Admission& admission;
  // The messages that the account had and has, if looking through them for `wanted` ones is worth
  // its time; else null.
  std::function<KnownMessages*(std::uint64_t wanted)> known;
  imap::WaitBudget& waits;
  // Called with the turn after each message, of `bytes` bytes, was added to its folder's draft.
  std::function<void(std::uint64_t bytes)> stored;
};

}  // namespace backupd
