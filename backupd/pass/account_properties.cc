#include "backupd/pass/account_properties.h"

#include <algorithm>
#include <functional>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "base/log.h"

namespace backupd {

namespace {

// An account whose mail does not change hardly changes otherwise, and a request costs a round trip.
constexpr std::chrono::days kMaxAge{7};
constexpr std::size_t kMaxFoldersWithQuota = 5'000;  // in a first backup

std::vector<std::string> subscriptions(imap::Session& session,
                                       const std::vector<std::string>& last) {
  try {
    return session.subscriptions();
  } catch (const base::Error& error) {
    if (error.code() != base::ErrorCode::kRefused) throw;
    base::log_warning("{}", error.what());
    return last;
  }
}

std::vector<store::AccountNamespace> namespaces(const imap::Namespaces& reported) {
  using Kind = store::AccountNamespace::Kind;
  std::vector<store::AccountNamespace> list;
  const auto add = [&list](Kind kind, const std::vector<imap::Namespace>& spaces) {
    for (const imap::Namespace& space : spaces) {
      const std::string delimiter = space.delimiter ? std::string(1, *space.delimiter) : "";
      list.push_back({kind, delimiter, space.prefix});
    }
  };
  add(Kind::kPersonal, reported.personal);
  add(Kind::kOtherUsers, reported.other_users);
  add(Kind::kShared, reported.shared);
  return list;
}

// Copies from `last` the properties of the folders in `kept`: those that are neither gone nor
// requested again.
void keep(store::AccountProperties& properties, const store::AccountProperties& last,
          const std::set<std::string_view>& kept) {
  const auto copy = [&kept](auto& to, const auto& from) {
    std::copy_if(from.begin(), from.end(), std::back_inserter(to),
                 [&](const auto& one) { return kept.contains(one.raw_name); });
  };
  copy(properties.rights, last.rights);
  copy(properties.metadata, last.metadata);
  copy(properties.quota_roots, last.quota_roots);
  properties.quota_limits = last.quota_limits;
}

// By the name of the root: each folder may have one of its own.
using LimitsByRoot = std::map<std::string, std::vector<imap::QuotaResource>, std::less<>>;

// Replaces the limits of the roots in `limits`.
void put_limits(std::vector<store::QuotaLimit>& all, const LimitsByRoot& limits) {
  std::erase_if(all, [&](const store::QuotaLimit& one) { return limits.contains(one.root); });
  for (const auto& [root, resources] : limits) {
    for (const imap::QuotaResource& resource : resources) {
      all.push_back({root, resource.name, resource.limit});
    }
  }
}

void add(store::AccountProperties& properties, LimitsByRoot& limits, const std::string& raw_name,
         const imap::FolderDetails& details) {
  for (const imap::AclEntry& entry : details.acl) {
    properties.rights.push_back({raw_name, entry.identifier, entry.rights});
  }
  for (const imap::MetadataEntry& entry : details.metadata) {
    properties.metadata.push_back({raw_name, entry.name, entry.value});
  }
  for (const imap::QuotaRoot& root : details.quota_roots) {
    properties.quota_roots.push_back({raw_name, root.name});
    limits.insert_or_assign(root.name, root.resources);
  }
}

// Adds those of `last` that `wanted` accepts and whose key is not among `list`.
template <typename Value, typename Key, typename Wanted>
void add_unknown(std::vector<Value>& list, const std::vector<Value>& last, const Key& key,
                 const Wanted& wanted) {
  std::set<std::pair<std::string, std::string>> known;
  for (const Value& one : list) known.insert(key(one));
  for (const Value& one : last) {
    if (wanted(one) && known.insert(key(one)).second) list.push_back(one);
  }
}

// The kinds of properties of which the answers may lack some.
struct Unknown {
  bool rights = false;
  bool metadata = false;
  bool quotas = false;
};

// Keeps the properties of such a kind that were known and are not among the answers.
void keep_unknown(store::AccountProperties& properties, const store::AccountProperties& last,
                  const std::vector<std::string>& asked, const Unknown& unknown) {
  const std::set<std::string_view> names(asked.begin(), asked.end());
  const auto is_asked = [&](const auto& one) { return names.contains(one.raw_name); };
  if (unknown.rights) {
    const auto key = [](const store::FolderRight& one) {
      return std::pair(one.raw_name, one.identifier);
    };
    add_unknown(properties.rights, last.rights, key, is_asked);
  }
  if (unknown.metadata) {
    const auto key = [](const store::FolderMetadata& one) {
      return std::pair(one.raw_name, one.entry);
    };
    add_unknown(properties.metadata, last.metadata, key, is_asked);
  }
  if (unknown.quotas) {
    const auto root = [](const store::FolderQuotaRoot& one) {
      return std::pair(one.raw_name, one.root);
    };
    const auto limit = [](const store::QuotaLimit& one) {
      return std::pair(one.root, one.resource);
    };
    add_unknown(properties.quota_roots, last.quota_roots, root, is_asked);
    add_unknown(properties.quota_limits, last.quota_limits, limit,
                [](const store::QuotaLimit&) { return true; });
  }
}

}  // namespace

store::AccountProperties refresh_properties(imap::Session& session, const ListedFolders& folders,
                                            const store::AccountProperties& last,
                                            std::chrono::sys_seconds now) {
  const bool is_fresh = last.asked <= now && now - last.asked < kMaxAge;
  if (!folders.has_changed && is_fresh) return last;
  store::AccountProperties properties;
  properties.fetched = last.fetched;
  properties.namespaces = namespaces(session.namespaces());
  properties.subscriptions = subscriptions(session, last.subscriptions);
  std::vector<std::string> asked = is_fresh ? folders.changed : folders.all;
  if (is_fresh) {
    std::set<std::string_view> kept(folders.all.begin(), folders.all.end());
    for (const std::string& raw_name : asked) kept.erase(raw_name);
    keep(properties, last, kept);
    properties.asked = last.asked;  // when all folders were requested
  } else {
    properties.asked = now;
  }
  asked.emplace_back();  // the empty name: the account's own properties
  const std::uint64_t odd = session.odd_lines().count;
  const bool leaves_quotas = folders.is_first && folders.all.size() > kMaxFoldersWithQuota;
  if (leaves_quotas) properties.asked = last.asked;  // the next backup requests all of it
  const std::vector<imap::FolderDetails> details = session.details(
      asked, folders.all.size(), leaves_quotas ? imap::Quotas::kLeftOut : imap::Quotas::kRequested);
  LimitsByRoot limits;
  for (std::size_t at = 0; at < asked.size(); ++at) {
    add(properties, limits, asked[at], details[at]);
  }
  put_limits(properties.quota_limits, limits);
  const imap::CommandNames& without = session.done_without();
  Unknown unknown{.rights = without.contains("GETACL") || without.contains("MYRIGHTS"),
                  .metadata = without.contains("GETMETADATA"),
                  .quotas = without.contains("GETQUOTAROOT")};
  if (details.front().is_cut) unknown = {.rights = true, .metadata = true, .quotas = true};
  if (session.odd_lines().count != odd) {
    // It may have been about any folder: the next backup requests all of it again.
    unknown = {.rights = true, .metadata = true, .quotas = true};
    properties.asked = last.asked;
  }
  keep_unknown(properties, last, asked, unknown);
  // Sorted, so that unchanged properties yield the same object.
  std::ranges::stable_sort(properties.rights, {}, &store::FolderRight::raw_name);
  const auto by_entry = [](const store::FolderMetadata& one) {
    return std::pair(std::string_view(one.raw_name), std::string_view(one.entry));
  };
  std::ranges::sort(properties.metadata, {}, by_entry);
  std::ranges::stable_sort(properties.quota_roots, {}, &store::FolderQuotaRoot::raw_name);
  std::ranges::stable_sort(properties.quota_limits, {}, &store::QuotaLimit::root);
  return properties;
}

}  // namespace backupd
