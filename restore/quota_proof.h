// Whether restored mail counts towards the user's quota: seen, not believed.
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
  std::uint64_t usage = 0;  // of STORAGE in units of 1024 bytes
  std::uint64_t limit = 0;
  std::uint64_t room() const { return limit - std::min(limit, usage); }
};

// Every limit of every quota root at a folder; none if nothing there is limited, or the server
// tells no quota.
std::vector<QuotaUse> quota_uses(imap::Session& session, const std::string& raw_name);

// The limit on STORAGE that leaves the least room.
std::optional<QuotaUse> storage_use(const std::vector<QuotaUse>& uses);

// What of a limit is needed for so much mail; 0 for one on something else.
std::uint64_t needed_of(const std::string& resource, std::uint64_t messages, std::uint64_t bytes);

// Whether that fits into all of them.
bool has_room(const std::vector<QuotaUse>& uses, std::uint64_t messages, std::uint64_t bytes);

// Puts a message of 1 MiB into `probe`, a level that mailstow created, and takes it out again,
// three times at most, until every limit tells clearly. Each is in `probe` before it is sent, and
// `record` called to make that durable: what a crash leaves there is nobody's mail. A tree that
// limits on folders cover counts without being asked.
QuotaFinding prove_exempt(imap::Session& session, base::QuotaConfig quota, store::TreeLevel& probe,
                          const std::function<void()>& record);

}  // namespace restore
