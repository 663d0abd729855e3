// What a restore did: the document that `run --json` prints (README, "Output").
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
};

struct QuotaFinding {
  std::optional<bool> exempt;  // nothing: not proven, or not asked (--dry-run)
  std::string proof;           // what was seen
};

struct RestoreReport {
  std::string account;  // whose mail it is
  std::string to;       // whose mailbox it is in
  std::string tree;
  std::chrono::sys_seconds expires{};
  QuotaFinding quota;
  std::vector<FolderReport> folders;
  bool without_deleted = false;  // \Deleted was left off some message
  std::string error;             // what ended the restore early

  base::ExitStatus exit_status() const;
  std::string to_json() const;
  std::string to_text() const;
};

}  // namespace restore
