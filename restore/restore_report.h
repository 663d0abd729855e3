// What a restore did: the document that `run --json` prints, its text, and its exit status.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/exit_status.h"
#include "base/uid.h"

namespace restore {

// UIDs are those of the source: what an administrator can look up in the snapshot.
struct AlteredMessage {
  base::Uid uid;
  std::string how;
};

struct RefusedMessage {
  base::Uid uid;
  std::string reason;
};

struct FolderReport {
  std::string source;
  std::string target;
  std::uint64_t messages = 0;  // planned
  std::uint64_t restored = 0;  // there now, altered ones included
  std::vector<AlteredMessage> altered;
  std::vector<RefusedMessage> skipped;
  std::uint64_t bytes = 0;   // of what is planned
  std::string renamed = {};  // why the target is not called as the source; empty: it is
  bool has_damage = false;   // of the store: it could not read a message
};

struct QuotaFinding {
  std::optional<bool> exempt;  // nothing: not proven, or not asked (--dry-run)
  std::string proof;           // what was seen
};

// What --dry-run tells beside the folders.
struct PlanSummary {
  std::uint64_t messages = 0;
  std::uint64_t bytes = 0;
  std::uint64_t deleted = 0;          // messages that lose \Deleted
  std::uint64_t keywords_lost = 0;    // messages with a keyword that the server does not keep
  std::uint64_t keywords_unsure = 0;  // ... with any, where the server does not tell beforehand
  std::chrono::seconds estimated{};
  // STORAGE of the account, in KiB; nothing: no limit is told.
  struct Room {
    std::uint64_t usage = 0;
    std::uint64_t limit = 0;
  };
  std::optional<Room> room;
  bool took_backup = false;  // for --missing
};

struct RestoreReport {
  std::string account;  // whose mail it is
  std::string to;       // whose mailbox it is in
  std::string tree;     // empty: in place, where nothing expires
  std::chrono::sys_seconds expires{};
  QuotaFinding quota;
  std::vector<FolderReport> folders;
  bool without_deleted = false;                    // \Deleted was left off some message
  std::string error;                               // what ended the restore early
  std::vector<std::string> notes = {};             // what beside messages did not come back
  std::optional<PlanSummary> plan = std::nullopt;  // set: nothing was done

  base::ExitStatus exit_status() const;
  std::string to_json() const;
  std::string to_text() const;  // for a plan, a table of it

 private:
  struct Counts {
    std::uint64_t planned = 0;
    std::uint64_t restored = 0;
    std::uint64_t altered = 0;
  };
  std::string plan_to_text() const;
  std::string summary(const Counts& counts) const;
};

}  // namespace restore
