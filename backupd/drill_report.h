// The result of a drill: the document that `drill --json` prints, and that is kept for metrics and
// reports.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/exit_status.h"
#include "base/mail/uid.h"

namespace backupd {

enum class DrillTroubleKind {
  kUnreadable,  // the store does not return what was stored
  kDifferent,   // the server's copy has other bytes
  kServer,      // the server could not be queried
  kScratch,     // the scratch account did not receive the sample unchanged
};

constexpr std::string_view word(DrillTroubleKind kind) {
  switch (kind) {
    case DrillTroubleKind::kUnreadable:
      return "unreadable";
    case DrillTroubleKind::kDifferent:
      return "different";
    case DrillTroubleKind::kServer:
      return "server";
    case DrillTroubleKind::kScratch:
      return "scratch";
  }
  return "";
}

struct DrillTrouble {
  DrillTroubleKind kind = DrillTroubleKind::kUnreadable;
  std::string account;
  std::optional<std::chrono::sys_seconds> snapshot;  // its time
  std::string folder;                                // shown name; empty: all of the account
  std::optional<base::Uid> uid;
  std::string what;  // escaped
};

// The restore of the sample to the scratch account.
struct DrillScratch {
  std::string account;
  std::vector<std::string> trees;
  std::uint64_t restored = 0;
  std::uint64_t altered = 0;  // by the server, as a restore reports it
};

struct DrillReport {
  std::chrono::sys_seconds time{};
  std::uint64_t seed = 0;
  std::uint64_t snapshots = 0;
  std::uint64_t folders = 0;
  std::uint64_t messages = 0;  // of the sample
  std::uint64_t intact = 0;    // of these: rebuilt, and as the snapshot records them
  std::uint64_t bytes = 0;     // of the intact ones
  std::uint64_t receipts = 0;  // of whole folders, and in agreement with them
  std::uint64_t same_as_live = 0;
  std::uint64_t gone_from_live = 0;     // or unknown: the UIDVALIDITY differs
  std::optional<DrillScratch> scratch;  // nullopt: restored to memory only
  std::vector<DrillTrouble> troubles;

  base::ExitStatus exit_status() const;
  std::string to_json() const;
  std::string to_text() const;
  // Of accounts whose servers could not be queried, a few of each cause; the others are counted.
  std::vector<std::string> trouble_lines() const;
};

}  // namespace backupd
