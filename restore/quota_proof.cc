#include "restore/quota_proof.h"

#include <cstdlib>
#include <optional>

#include <fmt/core.h>

#include "base/bytes.h"
#include "base/error.h"

namespace restore {

namespace {

constexpr std::uint64_t kProbeUnits = 1024;  // of 1024 bytes
constexpr int kProofs = 2;                   // probes that must agree
constexpr int kMaxTries = 3;
constexpr std::chrono::sys_seconds kProbeDate =
    std::chrono::sys_days(std::chrono::year(2020) / 1 / 1);
constexpr const char* kStorage = "STORAGE";

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

// The amount by which the probe raises a usage, and the tolerance for other mail.
struct Expected {
  std::int64_t units;
  std::int64_t slack;
};

Expected expected_of(const std::string& resource) {
  const auto units =
      static_cast<std::int64_t>(needed_of(resource, 1, std::uint64_t{kProbeUnits} * 1024));
  return {units, units / 10};
}

Sign read_sign(std::int64_t change, const Expected& expected) {
  if (std::abs(change) <= expected.slack) return Sign::kNotCounted;
  if (std::abs(change - expected.units) <= expected.slack) return Sign::kCounted;
  return Sign::kUnclear;
}

// The resource of RFC 9208, and that of Cyrus.
bool limits_folders(const QuotaUse& use) {
  return use.resource == "MAILBOX" || use.resource == "X-NUM-FOLDERS";
}

bool is_same_limit(const QuotaUse& one, const QuotaUse& other) {
  return one.root == other.root && one.resource == other.resource;
}

std::string shown(const QuotaUse& use) {
  return fmt::format("{} at {}{}", use.resource, use.usage, use.resource == kStorage ? " KiB" : "");
}

// The result of one try; the words name all limits if the probe was not counted, else one limit
// that counted it.
struct Try {
  Sign sign = Sign::kNotCounted;
  bool is_undisturbed = true;  // no usage changed at all; false if the probe was counted
  std::string words = {};
};

Try compare(const std::vector<QuotaUse>& before, const std::vector<QuotaUse>& with_it,
            const std::vector<QuotaUse>& after) {
  Try result;
  if (before.size() != with_it.size() || after.size() != with_it.size()) {
    return {.sign = Sign::kUnclear, .is_undisturbed = false};
  }
  for (std::size_t at = 0; at < with_it.size(); ++at) {
    const QuotaUse& use = with_it[at];
    if (!is_same_limit(use, before[at]) || !is_same_limit(use, after[at])) {
      return {.sign = Sign::kUnclear, .is_undisturbed = false};
    }
    const Expected expected = expected_of(use.resource);
    const auto usage = static_cast<std::int64_t>(use.usage);
    const Sign put = read_sign(usage - static_cast<std::int64_t>(before[at].usage), expected);
    const Sign taken = read_sign(usage - static_cast<std::int64_t>(after[at].usage), expected);
    if (put == Sign::kCounted && taken == Sign::kCounted) {
      return {.sign = Sign::kCounted,
              .is_undisturbed = false,
              .words = fmt::format("raised {} from {} to {}{}", use.resource, before[at].usage,
                                   use.usage, use.resource == kStorage ? " KiB" : "")};
    }
    if (put != Sign::kNotCounted || taken != Sign::kNotCounted) result.sign = Sign::kUnclear;
    if (use.usage != before[at].usage || use.usage != after[at].usage) {
      result.is_undisturbed = false;
    }
    result.words += (result.words.empty() ? "left " : ", ") + shown(use);
  }
  return result;
}

// Removes the probe and nothing else. If the server does not report its UID, it is the expected
// one, which is in the record.
void remove_probe(imap::Session& session, const imap::AppendAnswer& answer, base::Uid expected) {
  imap::UidSet uids;
  uids.add(answer.uids.size() == 1 ? answer.uids.front() : expected);
  const std::string deleted = "\\Deleted";
  session.add_flags(uids, {&deleted, 1});
  session.expunge(uids);
}

}  // namespace

std::vector<QuotaUse> quota_uses(imap::Session& session, const std::string& raw_name) {
  std::vector<QuotaUse> uses;
  for (const imap::QuotaRoot& root : session.quota_roots(raw_name)) {
    for (const imap::QuotaResource& resource : root.resources) {
      uses.push_back({root.name, resource.name, resource.usage, resource.limit});
    }
  }
  return uses;
}

std::optional<QuotaUse> storage_use(const std::vector<QuotaUse>& uses) {
  std::optional<QuotaUse> tightest;
  for (const QuotaUse& use : uses) {
    if (use.resource == kStorage && (!tightest || use.room() < tightest->room())) tightest = use;
  }
  return tightest;
}

std::uint64_t needed_of(const std::string& resource, std::uint64_t messages, std::uint64_t bytes) {
  if (resource == kStorage) return (bytes + 1023) / 1024;
  return resource == "MESSAGE" ? messages : 0;
}

bool has_room(const std::vector<QuotaUse>& uses, std::uint64_t messages, std::uint64_t bytes) {
  return std::all_of(uses.begin(), uses.end(), [&](const QuotaUse& use) {
    return use.room() >= needed_of(use.resource, messages, bytes);
  });
}

QuotaFinding prove_exempt(imap::Session& session, base::QuotaKind quota, store::TreeLevel& probe,
                          const std::function<void()>& record) {
  if (quota == base::QuotaKind::kNone)
    return {std::nullopt, "not tested: \"quota\" is \"none\" for the server"};
  if (session.done_without().contains("GETQUOTAROOT")) {
    return {std::nullopt, "unknown, because the server does not carry out GETQUOTAROOT"};
  }
  if (!session.capabilities().has("QUOTA")) {
    return {std::nullopt, "the server does not report quotas (no QUOTA capability)"};
  }
  if (session.quota_roots(probe.raw_name).empty()) return {true, "no quota root covers the tree"};
  std::vector<QuotaUse> before = quota_uses(session, probe.raw_name);
  if (before.empty()) return {true, "the tree's quota root has no limits"};
  const auto folders = std::find_if(before.begin(), before.end(), limits_folders);
  if (folders != before.end()) {
    return {false, "the tree's folders count towards " + folders->resource};
  }

  const std::string message = probe_message();
  int counted = 0;  // probes
  int not_counted = 0;
  for (int attempt = 0; attempt < kMaxTries; ++attempt) {
    const base::Uid expected{session.select(probe.raw_name).uid_next.value_or(1)};
    probe.messages.push_back({expected, message.size(), kProbeDate, {}});
    record();
    if (attempt > 0) before = quota_uses(session, probe.raw_name);
    const imap::AppendMessage append{{}, base::ZonedTime{kProbeDate, {}}, base::as_bytes(message)};
    const auto answer =
        session.append(probe.raw_name, {&append, 1}, imap::Session::Literals::kWaiting).front();
    if (!answer.accepted) return {std::nullopt, "the probe was refused: " + answer.reason};
    const auto with_it = quota_uses(session, probe.raw_name);
    remove_probe(session, answer, expected);
    const auto after = quota_uses(session, probe.raw_name);
    const Try result = compare(before, with_it, after);
    // Mail that comes and goes meanwhile can look like one probe that counted, and hide one that
    // did.
    if (result.sign == Sign::kUnclear) continue;
    const bool is_counted = result.sign == Sign::kCounted;
    const int agreeing = is_counted ? ++counted : ++not_counted;
    if (agreeing < kProofs && !result.is_undisturbed) continue;
    return {!is_counted, "a probe of 1 MiB in the tree " + result.words};
  }
  return {std::nullopt, "other changes to the usage made all three probes inconclusive"};
}

}  // namespace restore
