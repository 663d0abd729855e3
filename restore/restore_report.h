// The report of a restore: the document that `run --json` prints, its text, and its exit status.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/exit_status.h"
#include "base/mail/uid.h"
#include "base/reporting/last_sweep.h"
#include "restore/plan_summary.h"
#include "store/format/snapshot.h"

namespace restore {

// UIDs are those of the source, which an administrator can look up in the snapshot.
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
  std::uint64_t restored = 0;  // messages read back and compared, including altered ones
  std::vector<AlteredMessage> altered;
  std::vector<RefusedMessage> skipped;
  std::uint64_t bytes = 0;   // of the planned messages
  std::string renamed = {};  // why the target's name differs from the source's; empty: same name
  bool has_damage = false;   // the store could not read a message
  std::uint64_t not_compared = 0;  // messages that the server accepted but that were not read back
  // Those of them that could not be read back; the others were not reached.
  std::vector<RefusedMessage> uncompared = {};
};

struct QuotaFinding {
  std::optional<bool> exempt;  // nullopt: not proven, or not tested (--dry-run)
  std::string proof;           // the evidence
};

struct RestoreReport {
  std::string account;   // the account that was backed up
  std::string to;        // the account restored into
  std::string snapshot;  // the id of what the mail is from; empty: not chosen yet
  std::chrono::sys_seconds snapshot_time{};
  std::vector<store::SnapshotInfo> passed_over = {};  // as in ChosenSnapshot
  std::string time_zone = "UTC";                      // in which the text shows times
  std::string tree;                                   // empty: in place, where nothing expires
  std::string resume_options = {};  // for resuming_command(), each with a space in front
  std::chrono::sys_seconds expires{};
  std::optional<base::LastSweep> last_sweep = std::nullopt;  // set if there is a tree
  QuotaFinding quota;
  std::vector<FolderReport> folders;
  bool without_deleted = false;  // \Deleted was left off some message
  // Messages chosen although --since or --before was given and their date is unknown.
  std::uint64_t undated = 0;
  std::string error;                               // why the restore ended early
  std::vector<std::string> notes = {};             // what was not restored, besides messages
  std::optional<PlanSummary> plan = std::nullopt;  // set: nothing was done

  base::ExitStatus exit_status() const;
  std::string to_json() const;
  std::string to_text() const;  // for a plan, a table of it
  std::string resuming_command() const;

 private:
  struct Counts {
    std::uint64_t planned = 0;
    std::uint64_t restored = 0;
    std::uint64_t altered = 0;
    std::uint64_t skipped = 0;
    std::uint64_t not_compared = 0;
  };
  std::string origin() const;
  std::string outcome(const Counts& counts) const;
  static std::string comparison(const Counts& counts);
  std::string words_for_user(const Counts& counts) const;
  std::string plan_to_text() const;
  std::string expectation() const;
  std::string summary(const Counts& counts) const;
};

}  // namespace restore
