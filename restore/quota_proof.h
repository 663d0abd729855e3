// Finds out whether restored mail counts towards the user's quota, by a test on the server.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/config/config.h"
#include "imap/session.h"
#include "restore/restore_report.h"
#include "store/tree_record.h"

namespace restore {

// One limit of one quota root.
struct QuotaUse {
  std::string root;
  std::string resource;     // RFC 9208
  std::uint64_t usage = 0;  // for STORAGE, in units of 1024 bytes
  std::uint64_t limit = 0;
  std::uint64_t room() const { return limit - std::min(limit, usage); }
};

// Every limit of every quota root at a folder; empty if nothing there is limited, or the server
// reports no quotas.
std::vector<QuotaUse> quota_uses(imap::Session& session, const std::string& raw_name);

// The limit on STORAGE that leaves the least room.
std::optional<QuotaUse> storage_use(const std::vector<QuotaUse>& uses);

// The amount of a resource that this much mail needs; 0 if it needs none of that resource.
std::uint64_t needed_of(const std::string& resource, std::uint64_t messages, std::uint64_t bytes);

// Whether this much mail fits within all limits.
bool has_room(const std::vector<QuotaUse>& uses, std::uint64_t messages, std::uint64_t bytes);

// Puts a message of 1 MiB into `probe`, a level that mailstow created, and removes it again, three
// times at most, until the result is clear for every limit: two probes agree, or one left every
// usage exactly as it was. Each message is entered in `probe`, and `record` called to make that
// durable, before it is sent: what a crash leaves there is known not to be a user's mail. A tree
// covered by a limit on folders counts without a test.
QuotaFinding prove_exempt(imap::Session& session, base::QuotaKind quota, store::TreeLevel& probe,
                          const std::function<void()>& record);

}  // namespace restore
