#include "restore/quota_proof.h"

#include <cstdlib>

#include <fmt/core.h>

#include "base/bytes.h"
#include "base/error.h"

namespace restore {

namespace {

constexpr std::uint64_t kProbeUnits = 1024;  // of 1024 bytes
constexpr int kMostTries = 3;

// A small message proves nothing: servers round, and other mail comes and goes.
std::string probe_message() {
  std::string message =
      "From: mailstow <mailstow@localhost>\r\n"
      "Subject: mailstow measures quota; this message is removed at once\r\n\r\n";
  const std::string line(76, 'x');
  while (message.size() < kProbeUnits * 1024) message += line + "\r\n";
  return message;
}

enum class Sign { kCounted, kNotCounted, kUnclear };

Sign read_sign(std::int64_t change) {
  constexpr std::int64_t kSlack = kProbeUnits / 10;
  if (std::abs(change) <= kSlack) return Sign::kNotCounted;
  if (std::abs(change - static_cast<std::int64_t>(kProbeUnits)) <= kSlack) return Sign::kCounted;
  return Sign::kUnclear;
}

void remove_all(imap::Session& session) {
  const imap::UidSet uids = session.search_all();
  if (uids.empty()) return;
  const std::string deleted = "\\Deleted";
  session.add_flags(uids, {&deleted, 1});
  session.expunge(uids);
}

std::uint64_t usage_of(imap::Session& session, const std::string& raw_name) {
  const auto use = storage_use(session, raw_name);
  return use ? use->usage : 0;
}

}  // namespace

std::optional<StorageUse> storage_use(imap::Session& session, const std::string& raw_name) {
  for (const imap::QuotaRoot& root : session.quota_roots(raw_name)) {
    for (const imap::QuotaResource& resource : root.resources) {
      if (resource.name == "STORAGE") return StorageUse{resource.usage, resource.limit};
    }
  }
  return std::nullopt;
}

QuotaFinding prove_exempt(imap::Session& session, base::QuotaConfig quota,
                          store::TreeLevel& probe) {
  if (quota == base::QuotaConfig::kNone)
    return {std::nullopt, "not asked: the server has quota none"};
  if (!session.capabilities().has("QUOTA")) {
    return {std::nullopt, "the server does not tell quota (no QUOTA capability)"};
  }
  if (session.quota_roots(probe.raw_name).empty()) return {true, "no quota root covers the tree"};
  if (!storage_use(session, probe.raw_name))
    return {true, "the tree's quota root has no storage limit"};

  const std::string message = probe_message();
  session.select(probe.raw_name);
  for (int attempt = 0; attempt < kMostTries; ++attempt) {
    const std::uint64_t before = usage_of(session, probe.raw_name);
    const imap::AppendMessage append{{}, {}, base::as_bytes(message)};
    const auto answer = session.append(probe.raw_name, {&append, 1}).front();
    if (!answer.accepted) return {std::nullopt, "the probe was refused: " + answer.reason};
    const std::uint64_t with_it = usage_of(session, probe.raw_name);
    remove_all(session);
    const std::uint64_t after = usage_of(session, probe.raw_name);

    const Sign put = read_sign(static_cast<std::int64_t>(with_it - before));
    const Sign taken = read_sign(static_cast<std::int64_t>(with_it - after));
    if (put == Sign::kNotCounted && taken == Sign::kNotCounted) {
      return {true, fmt::format("a probe of 1 MiB in the tree left STORAGE at {} KiB", with_it)};
    }
    if (put == Sign::kCounted && taken == Sign::kCounted) {
      return {false, fmt::format("a probe of 1 MiB in the tree raised STORAGE from {} to {} KiB",
                                 before, with_it)};
    }
  }
  return {std::nullopt, "usage moved on its own while it was probed, three times"};
}

}  // namespace restore
