// The content of a tree's record before the tree is made.
#pragma once

#include <chrono>
#include <string>

#include "base/config/config.h"
#include "base/program/program.h"
#include "restore/plan.h"
#include "restore/restore_request.h"
#include "store/reader.h"
#include "store/tree_record.h"

namespace restore {

// When a tree of the account that was made at `created` expires at the latest. Its stay begins when
// it was made, or now if a clock that was ahead made it.
std::chrono::sys_seconds latest_expiry(const base::Environment& environment,
                                       const std::string& account,
                                       std::chrono::sys_seconds created);

// Fails with kUsage if a tree that was made at `created` would expire later than latest_expiry() if
// it stays for `stay` from now on.
void refuse_longer_stay(const base::Environment& environment, const std::string& account,
                        std::chrono::seconds stay, std::chrono::sys_seconds created);

// Gives the record a new id, and the names and the origin of the tree that the plan makes in the
// account. Leaves its times, its state and its request to the caller.
void begin_tree(store::TreeRecord& record, const base::AccountConfig& account, const Plan& plan,
                const store::ObjectId& snapshot);

// The request as a later run reads it: for this snapshot, with times in place of the ids of other
// snapshots, which may be gone then or have doubted times, and with the place of the tree in the
// account's history, by number and by time. Fails as parse_moment() does.
RestoreRequest lasting_request(const base::Environment& environment, store::Reader& reader,
                               RestoreRequest request, const store::ObjectId& snapshot);

}  // namespace restore
