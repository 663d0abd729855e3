#include "restore/in_place.h"

#include <algorithm>
#include <array>
#include <set>
#include <string_view>
#include <utility>

#include <fmt/core.h>

#include "base/error.h"
#include "base/terminal.h"
#include "imap/folder_name.h"
#include "restore/quota_exemption.h"
#include "restore/quota_proof.h"
#include "restore/read_back.h"

namespace restore {

namespace {

// RFC 6154 and RFC 8457.
constexpr std::array<std::string_view, 8> kSpecialUses = {
    "\\All", "\\Archive", "\\Drafts", "\\Flagged", "\\Junk", "\\Sent", "\\Trash", "\\Important"};

bool is_special_use(std::string_view attribute) {
  return std::find(kSpecialUses.begin(), kSpecialUses.end(), attribute) != kSpecialUses.end();
}

}  // namespace

InPlace::InPlace(imap::Session& session, const Plan& plan,
                 std::map<std::string, SourceFolder> sources, const std::string& account)
    : session_(session),
      plan_(plan),
      sources_(std::move(sources)),
      account_(base::escape_for_terminal(account)) {
  for (const PlannedFolder& folder : plan_.folders) {
    const SourceFolder& source = sources_[folder.source];
    targets_[source.raw_name] = folder.target_raw_name;
    for (const std::string& attribute : source.attributes) {
      if (is_special_use(attribute)) uses_[folder.target_raw_name].push_back(attribute);
    }
  }
}

std::string InPlace::shown(const std::string& raw_name) const {
  return base::escape_for_terminal(
      imap::shown_folder_name(raw_name, plan_.delimiter, personal_prefix()));
}

std::string InPlace::personal_prefix() const {
  const std::vector<imap::Namespace> personal = session_.namespaces().personal;
  return personal.empty() ? "" : personal.front().prefix;
}

void InPlace::refuse_unless_empty(store::Reader& reader) {
  for (const imap::Folder& folder : session_.list_personal_folders()) {
    if (!folder.can_be_opened() || (folder.status && folder.status->messages == 0U)) continue;
    const std::size_t messages = foreign_messages(reader, folder.raw_name);
    if (messages == 0) continue;
    base::fail(
        base::ErrorCode::kRefused,
        "restore: {}: --in-place restores only into an account without messages, and {} holds "
        "{} that this restore did not put there: without --in-place the mail is restored as a "
        "tree beside it",
        account_, shown(folder.raw_name),
        messages == 1 ? "a message" : base::format_count(messages, "message"));
  }
}

// Compares by content, ignoring the changes that servers are known to make to a message.
std::size_t InPlace::foreign_messages(store::Reader& reader, const std::string& raw_name) {
  if (session_.examine(raw_name).exists == 0) return 0;
  ReadBack present(DigestOf::kCanonical);
  const std::uint64_t odd = session_.odd_lines().count;
  session_.fetch_messages(session_.search_all(), present);
  if (session_.odd_lines().count != odd) {
    base::fail(
        base::ErrorCode::kProtocol,
        "restore: {}: a line about the messages in {} is not understood: it may be about one "
        "that this restore did not put there: without --in-place the mail is restored as a "
        "tree beside it",
        account_, shown(raw_name));
  }
  std::multimap<store::Sha256, std::uint64_t> planned;  // bytes
  for (const PlannedFolder& folder : plan_.folders) {
    // An earlier run of the same command may have found that the server refuses the name.
    const std::string renamed =
        imap::raw_folder_name(last_resort_name(plan_, folder), plan_.delimiter, personal_prefix());
    if (folder.target_raw_name != raw_name && renamed != raw_name) continue;
    std::vector<store::MessageId> ids;
    ids.reserve(folder.messages.size());
    for (const store::MessageEntry& entry : folder.messages) ids.push_back(entry.message);
    reader.read_messages(
        ids,
        [&](std::size_t, const store::MessageBytes& bytes) {
          planned.emplace(canonical_digest(bytes), bytes.size());
        },
        [](std::size_t, const base::Error& why) {
          // Otherwise the message would count as one that this restore did not put there.
          if (why.code() == base::ErrorCode::kNoSpace) base::fail(why.code(), "{}", why.what());
        });
  }
  std::size_t foreign = 0;
  for (const auto& served : present.messages()) {
    const auto found = planned.find(served.second.digest);
    if (found == planned.end()) {
      ++foreign;
    } else {
      ++present_messages_;
      present_bytes_ += found->second;
      planned.erase(found);
    }
  }
  return foreign;
}

void InPlace::refuse_without_room(bool allow_quota) {
  const auto uses = quota_uses(session_, std::string(imap::kInbox));
  const std::uint64_t messages =
      plan_.counts.messages - std::min(plan_.counts.messages, present_messages_);
  const std::uint64_t bytes = plan_.counts.bytes - std::min(plan_.counts.bytes, present_bytes_);
  if (!has_room(uses, messages, bytes)) refuse_for_room(account_, uses, messages, bytes);
  if (!session_.done_without().contains("GETQUOTAROOT")) return;
  if (!allow_quota) {
    base::fail(base::ErrorCode::kCountsTowardsQuota,
               "restore: {}: whether the mail fits into the quota is unknown, because the server "
               "does not carry out GETQUOTAROOT: if the server has no quotas, set \"quota\": "
               "\"none\" for it in the configuration, or pass --allow-quota",
               account_);
  }
  notes_.push_back(
      "whether the mail fits into the quota is unknown, because the server does not carry out "
      "GETQUOTAROOT");
}

void InPlace::create_folders() {
  std::set<std::string> there;
  for (const imap::Folder& folder : session_.list_personal_folders()) {
    if (folder.can_be_opened()) there.insert(folder.raw_name);
  }
  std::set<std::string> wanted;
  for (const PlannedFolder& folder : plan_.folders) {
    if (folder.holds_messages) wanted.insert(folder.target_raw_name);
  }
  wanted.erase(std::string(imap::kInbox));
  const bool is_new = !wanted.empty() &&
                      std::none_of(wanted.begin(), wanted.end(), [&](const std::string& raw_name) {
                        return there.contains(raw_name);
                      });
  if (is_new && present_messages_ == 0) start_ = Start::kFresh;
  for (const std::string& raw_name : plan_.levels) {
    // The server itself creates levels that held no messages, with the folders below them.
    if (!there.contains(raw_name) && wanted.contains(raw_name)) create(raw_name, uses_[raw_name]);
  }
  check_special_uses();
}

void InPlace::create_renamed(const std::vector<std::string>& raw_names) {
  for (const std::string& raw_name : raw_names) {
    const std::vector<imap::Folder> found = session_.list(raw_name);
    const bool is_there = std::ranges::any_of(found, [&](const imap::Folder& folder) {
      return folder.raw_name == raw_name && folder.can_be_opened();
    });
    if (!is_there) create(raw_name, {});
  }
  for (const PlannedFolder& folder : plan_.folders) {
    targets_[sources_[folder.source].raw_name] = folder.target_raw_name;
  }
}

void InPlace::create(const std::string& raw_name, const std::vector<std::string>& uses) {
  if (!uses.empty() && session_.capabilities().has("CREATE-SPECIAL-USE") &&
      session_.create_for(raw_name, uses).created) {
    return;
  }
  const imap::Session::Created created = session_.create(raw_name);
  if (!created.created) {
    refusals_[raw_name] = "the server refused to create the folder: " + created.reason;
  }
}

void InPlace::check_special_uses() {
  std::map<std::string, imap::Folder> now;
  for (imap::Folder& folder : session_.list_personal_folders()) {
    now.emplace(folder.raw_name, std::move(folder));
  }
  for (const auto& [raw_name, uses] : uses_) {
    for (const std::string& use : uses) {
      const auto found = now.find(raw_name);
      if (found != now.end() && found->second.has_attribute(use)) continue;
      notes_.push_back(fmt::format("{} had the special use {}: the server did not restore that",
                                   shown(raw_name), use));
    }
  }
}

std::string InPlace::refusal(const std::string& raw_name) const {
  const auto found = refusals_.find(raw_name);
  return found == refusals_.end() ? "" : found->second;
}

void InPlace::restore_properties(const store::AccountProperties& properties,
                                 const std::set<std::string>& owners) {
  const auto try_to = [&](const std::string& raw_name, const auto& work) {
    const auto target = targets_.find(raw_name);
    if (target == targets_.end() || refusals_.contains(target->second)) return;
    try {
      work(target->second);
    } catch (const base::Error& error) {
      if (error.code() != base::ErrorCode::kRefused) throw;
      notes_.emplace_back(error.what());
    }
  };
  for (const std::string& raw_name : properties.subscriptions) {
    try_to(raw_name, [&](const std::string& target) { session_.subscribe(target); });
  }
  std::size_t rights = 0;
  for (const store::FolderRight& right : properties.rights) {
    if (owners.contains(right.identifier)) continue;
    if (!session_.capabilities().has("ACL")) {
      ++rights;
      continue;
    }
    try_to(right.raw_name, [&](const std::string& target) {
      session_.set_acl(target, {right.identifier, right.rights});
    });
  }
  if (rights > 0) {
    notes_.push_back(
        fmt::format("{} rights of other users were not restored: the server has no ACL", rights));
  }
}

}  // namespace restore
