// Decides whether one recorded level of a tree may be deleted: a pure function that also gives the
// reason. Every DELETE and every EXPUNGE that mailstow sends to a restored tree comes from here.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/mail/uid.h"
#include "store/tree_record.h"

namespace restore {

// A message as the server reports it now.
struct ObservedMessage {
  base::Uid uid;
  std::uint64_t size = 0;
  std::chrono::sys_seconds internal_date{};
};

// A level as the server reports it now.
struct ObservedLevel {
  bool exists = false;
  bool can_be_opened = false;
  store::LevelIdentity identity;
  std::uint32_t uid_next = 0;  // 0: not reported
  std::vector<ObservedMessage> messages;
  bool has_folders_below = false;  // at this moment, recorded or not
  bool is_shared = false;          // another tree's record lists it as created too
};

enum class LevelVerdict {
  kGone,    // the folder no longer exists
  kDelete,  // ours: `ours` and `foreign` are expunged, `foreign` rescued first, then the folder is
            // deleted
  kEmpty,   // ours, but it must stay for the folders below: only `ours` are expunged
  kLeave,   // not ours, or handed over to another tree: never touched again by this record
};

struct LevelDecision {
  LevelVerdict verdict = LevelVerdict::kLeave;
  std::string why;
  std::vector<base::Uid> ours;     // recorded, and unchanged since
  std::vector<base::Uid> foreign;  // not put there by mailstow
};

// Whether a level of this name may belong to the tree: it is its top, lies below it, or is one of
// the folders above it. INBOX never does, whatever a record says.
bool is_part_of(const store::TreeRecord& record, std::string_view raw_name);

LevelDecision decide(const store::TreeRecord& record, const store::TreeLevel& level,
                     const ObservedLevel& observed);

}  // namespace restore
