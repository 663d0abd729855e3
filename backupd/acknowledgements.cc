#include "backupd/acknowledgements.h"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "base/atomic_file.h"
#include "base/log.h"

namespace backupd {

namespace {

using nlohmann::json;
using std::chrono::seconds;
using std::chrono::sys_seconds;

constexpr std::uint64_t kLargestAcknowledgements = 64ULL * 1024 * 1024;

base::Path file_of(const base::StoreConfig& store) {
  return store.index / "acknowledged.json";
}

}  // namespace

Acknowledgements Acknowledgements::load(base::FileSystem& files, const base::StoreConfig& store) {
  Acknowledgements result;
  const auto bytes = base::read_file(files, file_of(store), kLargestAcknowledgements);
  if (!bytes) return result;
  try {
    const json document = json::parse(base::as_text(*bytes));
    for (const auto& [name, at] : document.items()) {
      Account account;
      for (const json& skip : at.at("skips")) {
        account.skips.insert({skip.at("folder").get<std::string>(),
                              skip.at("uidvalidity").get<std::uint32_t>(),
                              skip.at("uid").get<std::uint32_t>()});
      }
      if (at.contains("deletions_until")) {
        account.deletions_until =
            sys_seconds(seconds(at.at("deletions_until").get<std::int64_t>()));
      }
      account.is_absent = at.value("absent", false);
      account.accepted_identity = at.value("accepted_identity", "");
      if (at.contains("stranger")) {
        const json& stranger = at.at("stranger");
        account.stranger = Stranger{stranger.at("was"), stranger.at("is"), stranger.at("refused")};
      }
      result.accounts_.emplace(name, std::move(account));
    }
  } catch (const json::exception&) {
    base::log_warning("{}: it is damaged: what was acknowledged is told again",
                      file_of(store).string());
    return {};
  }
  return result;
}

void Acknowledgements::save(base::FileSystem& files, const base::StoreConfig& store) const {
  json document = json::object();
  for (const auto& [name, account] : accounts_) {
    json skips = json::array();
    for (const Skip& skip : account.skips) {
      skips.push_back(
          {{"folder", skip.folder}, {"uidvalidity", skip.uid_validity}, {"uid", skip.uid}});
    }
    json at = {{"skips", std::move(skips)}, {"absent", account.is_absent}};
    if (account.deletions_until) {
      at["deletions_until"] = account.deletions_until->time_since_epoch().count();
    }
    if (!account.accepted_identity.empty()) at["accepted_identity"] = account.accepted_identity;
    if (const auto& stranger = account.stranger) {
      at["stranger"] = {
          {"was", stranger->was}, {"is", stranger->is}, {"refused", stranger->is_refused}};
    }
    document[name] = std::move(at);
  }
  const std::string text = document.dump(1, ' ', false, json::error_handler_t::replace) + "\n";
  base::write_file(files, file_of(store), base::as_bytes(text), base::OnExisting::kReplace);
}

void Acknowledgements::accept_skip(const std::string& account, const std::string& folder,
                                   std::uint32_t uid_validity, base::Uid uid) {
  accounts_[account].skips.insert({folder, uid_validity, uid.value});
}

void Acknowledgements::accept_deletions(const std::string& account, sys_seconds until) {
  accounts_[account].deletions_until = until;
}

void Acknowledgements::accept_absence(const std::string& account) {
  accounts_[account].is_absent = true;
}

bool Acknowledgements::note_stranger(const std::string& account, const Stranger& stranger) {
  auto& known = accounts_[account].stranger;
  if (known == stranger) return false;
  // What it was before the first change that nobody has looked at counts.
  const std::string was = known ? known->was : stranger.was;
  known = stranger;
  known->was = was;
  return true;
}

std::optional<Acknowledgements::Stranger> Acknowledgements::stranger_in(
    const std::string& account) const {
  const auto found = accounts_.find(account);
  return found == accounts_.end() ? std::nullopt : found->second.stranger;
}

void Acknowledgements::accept_stranger(const std::string& account) {
  Account& known = accounts_[account];
  if (known.stranger) known.accepted_identity = known.stranger->is;
  known.stranger.reset();
}

bool Acknowledgements::is_accepted(const std::string& account, const std::string& identity) const {
  const auto found = accounts_.find(account);
  return found != accounts_.end() && found->second.accepted_identity == identity;
}

std::optional<sys_seconds> Acknowledgements::deletions_accepted(const std::string& account) const {
  const auto found = accounts_.find(account);
  return found == accounts_.end() ? std::nullopt : found->second.deletions_until;
}

bool Acknowledgements::is_absence_accepted(const std::string& account) const {
  const auto found = accounts_.find(account);
  return found != accounts_.end() && found->second.is_absent;
}

void Acknowledgements::apply_to(AccountReport& report) const {
  const auto found = accounts_.find(report.account);
  if (found == accounts_.end() || report.skipped.empty()) return;
  std::map<std::string, std::uint32_t> validities;
  for (const FolderReceipt& receipt : report.receipts) {
    validities[receipt.folder] = receipt.uid_validity;
  }
  for (SkippedEntry& entry : report.skipped) {
    entry.acknowledged =
        entry.uid &&
        found->second.skips.contains({entry.folder, validities[entry.folder], entry.uid->value});
  }
  const bool all_accepted = std::all_of(report.skipped.begin(), report.skipped.end(),
                                        [](const auto& entry) { return entry.acknowledged; });
  const bool is_finished = report.status == PassStatus::kPartial && report.error.empty() &&
                           report.troubles.empty() && report.snapshot &&
                           report.snapshot->status == store::SnapshotStatus::kPartial;
  if (all_accepted && is_finished) report.status = PassStatus::kComplete;
}

}  // namespace backupd
