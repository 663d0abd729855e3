#include "base/reporting/acknowledgements.h"

#include <algorithm>
#include <charconv>
#include <string_view>
#include <thread>

#include <nlohmann/json.hpp>

#include "base/atomic_file.h"
#include "base/error.h"
#include "base/json_text.h"
#include "base/log.h"

namespace base {

namespace {

using nlohmann::ordered_json;
using std::chrono::seconds;
using std::chrono::sys_seconds;

constexpr std::uint64_t kMaxFileSize = 64ULL * 1024 * 1024;

Path acknowledgements_file(const StoreConfig& store) {
  return store.index / "acknowledged.json";
}

ordered_json to_json(const MailboxIdentity& identity) {
  return {{"mailbox_id", identity.mailbox_id}, {"uidvalidity", identity.uid_validity}};
}

// Older files contain the result of MailboxIdentity::text() instead.
MailboxIdentity identity_of(const ordered_json& value) {
  if (value.is_object()) {
    return {value.at("mailbox_id").get<std::string>(),
            value.at("uidvalidity").get<std::uint32_t>()};
  }
  constexpr std::string_view kById = "MAILBOXID ";
  constexpr std::string_view kByUidValidity = "UIDVALIDITY ";
  const auto text = value.get<std::string>();
  MailboxIdentity identity;
  if (text.starts_with(kById)) {
    identity.mailbox_id = text.substr(kById.size());
  } else if (text.starts_with(kByUidValidity)) {
    std::from_chars(text.data() + kByUidValidity.size(), text.data() + text.size(),
                    identity.uid_validity);
  }
  return identity;
}

AcceptedIdentities accepted_of(const ordered_json& account) {
  AcceptedIdentities accepted;
  if (account.contains("accepted_identity")) {
    accepted.identities.push_back(identity_of(account.at("accepted_identity")));
    accepted.with_earlier = true;
  }
  if (account.contains("accepted_identities")) {
    for (const ordered_json& identity : account.at("accepted_identities")) {
      accepted.identities.push_back(identity_of(identity));
    }
  }
  return accepted;
}

bool is_accepted(const AcceptedIdentities& accepted, const MailboxChange& change) {
  const auto has = [&](const MailboxIdentity& identity) {
    return std::ranges::any_of(accepted.identities, [&](const MailboxIdentity& other) {
      return is_same(other, identity) == true;
    });
  };
  return has(change.was) && has(change.is);
}

}  // namespace

Acknowledgements Acknowledgements::load(FileSystem& files, const StoreConfig& store) {
  Acknowledgements result;
  const auto bytes = read_file(files, acknowledgements_file(store), kMaxFileSize);
  if (!bytes) return result;
  try {
    const ordered_json document = parse_json(as_text(*bytes));
    for (const auto& [name, at] : document.items()) {
      Account account;
      for (const ordered_json& skip : at.at("skips")) {
        account.skips.insert({skip.at("folder").get<std::string>(),
                              skip.at("uidvalidity").get<std::uint32_t>(),
                              skip.at("uid").get<std::uint32_t>()});
      }
      if (at.contains("deletions_until")) {
        account.deletions = AcceptedDeletions{
            .until = sys_seconds(seconds(at.at("deletions_until").get<std::int64_t>()))};
      }
      if (at.contains("deletions_through")) {
        account.deletions =
            AcceptedDeletions{.sequence = at.at("deletions_through").get<std::uint64_t>()};
      }
      account.is_absent = at.value("absent", false);
      account.accepted = accepted_of(at);
      if (at.contains("stranger")) {
        const ordered_json& stranger = at.at("stranger");
        account.stranger =
            MailboxChange{identity_of(stranger.at("was")), identity_of(stranger.at("is"))};
      }
      result.accounts_.emplace(name, std::move(account));
    }
  } catch (const ordered_json::exception&) {
    log_warning("{}: it is damaged: problems acknowledged earlier will be reported again",
                acknowledgements_file(store).string());
    return {};
  }
  return result;
}

void Acknowledgements::save(FileSystem& files, const StoreConfig& store) const {
  ordered_json document = ordered_json::object();
  for (const auto& [name, account] : accounts_) {
    ordered_json skips = ordered_json::array();
    for (const Skip& skip : account.skips) {
      skips.push_back(
          {{"folder", skip.folder}, {"uidvalidity", skip.uid_validity}, {"uid", skip.uid}});
    }
    ordered_json at = {{"skips", std::move(skips)}, {"absent", account.is_absent}};
    if (account.deletions && account.deletions->until) {
      at["deletions_until"] = account.deletions->until->time_since_epoch().count();
    } else if (account.deletions) {
      at["deletions_through"] = account.deletions->sequence;
    }
    // The older form means more than its one identity.
    const auto& accepted = account.accepted;
    if (accepted.with_earlier) {
      at["accepted_identity"] = to_json(accepted.identities.front());
    } else if (!accepted.identities.empty()) {
      ordered_json& list = at["accepted_identities"] = ordered_json::array();
      for (const MailboxIdentity& identity : accepted.identities) list.push_back(to_json(identity));
    }
    if (const auto& stranger = account.stranger) {
      at["stranger"] = {{"was", to_json(stranger->was)}, {"is", to_json(stranger->is)}};
    }
    document[name] = std::move(at);
  }
  const std::string text = json_text(document);
  write_file(files, acknowledgements_file(store), as_bytes(text), OnExisting::kReplace);
}

void Acknowledgements::accept_skip(const std::string& account, const std::string& folder,
                                   std::uint32_t uid_validity, Uid uid) {
  accounts_[account].skips.insert({folder, uid_validity, uid.value});
}

void Acknowledgements::accept_deletions(const std::string& account, std::uint64_t sequence) {
  accounts_[account].deletions = AcceptedDeletions{.sequence = sequence};
}

void Acknowledgements::forget(const std::string& account) {
  accounts_.erase(account);
}

void Acknowledgements::accept_absence(const std::string& account) {
  accounts_[account].is_absent = true;
}

void Acknowledgements::note_mailbox_change(const std::string& account,
                                           const std::optional<MailboxChange>& change) {
  const auto found = accounts_.find(account);
  if (!change) {
    if (found != accounts_.end()) found->second.stranger.reset();
  } else if (found == accounts_.end() || !is_accepted(found->second.accepted, *change)) {
    accounts_[account].stranger = change;
  }
}

std::optional<MailboxChange> Acknowledgements::mailbox_change(const std::string& account) const {
  const auto found = accounts_.find(account);
  return found == accounts_.end() ? std::nullopt : found->second.stranger;
}

void Acknowledgements::accept_mailbox_change(const std::string& account,
                                             std::span<const MailboxIdentity> identities) {
  Account& known = accounts_[account];
  auto& accepted = known.accepted.identities;
  for (const MailboxIdentity& identity : identities) {
    const bool is_new = std::ranges::find(accepted, identity) == accepted.end();
    if (identity.is_known() && is_new) accepted.push_back(identity);
  }
  known.accepted.with_earlier = false;
  if (known.stranger && is_accepted(known.accepted, *known.stranger)) known.stranger.reset();
}

AcceptedIdentities Acknowledgements::accepted_identities(const std::string& account) const {
  const auto found = accounts_.find(account);
  return found == accounts_.end() ? AcceptedIdentities() : found->second.accepted;
}

std::optional<AcceptedDeletions> Acknowledgements::deletions_accepted(
    const std::string& account) const {
  const auto found = accounts_.find(account);
  return found == accounts_.end() ? std::nullopt : found->second.deletions;
}

bool Acknowledgements::is_absence_accepted(const std::string& account) const {
  const auto found = accounts_.find(account);
  return found != accounts_.end() && found->second.is_absent;
}

bool Acknowledgements::is_skip_accepted(const std::string& account, const std::string& folder,
                                        std::uint32_t uid_validity, Uid uid) const {
  const auto found = accounts_.find(account);
  return found != accounts_.end() &&
         found->second.skips.contains({folder, uid_validity, uid.value});
}

Acknowledgements Acknowledgements::change(FileSystem& files, const StoreConfig& store,
                                          const std::function<void(Acknowledgements&)>& change) {
  constexpr std::chrono::milliseconds kPause{50};
  constexpr int kMaxPauses = 200;
  make_directories(files, store.index);
  const Path lock_file = store.index / "acknowledged.lock";
  auto lock = files.try_lock(lock_file, LockMode::kExclusive);
  for (int pause = 0; lock == nullptr && pause < kMaxPauses; ++pause) {
    std::this_thread::sleep_for(kPause);
    lock = files.try_lock(lock_file, LockMode::kExclusive);
  }
  if (lock == nullptr) {
    fail(ErrorCode::kBusy, "lock {}: another process has kept it locked for ten seconds: try again",
         lock_file.string());
  }
  const Acknowledgements before = load(files, store);
  Acknowledgements after = before;
  change(after);
  if (after != before) after.save(files, store);
  return after;
}

}  // namespace base
