// Session's commands for the properties of folders beyond their mail (RFC 4314, 5464, 9208).
#include <algorithm>
#include <map>
#include <set>
#include <utility>

#include "base/ascii.h"
#include "imap/folder_list.h"
#include "imap/session_impl.h"

namespace imap {

namespace {

// The responses, which may arrive in any order.
class DetailList {
 public:
  explicit DetailList(std::size_t max_kept) : max_kept_(max_kept) {}

  void take(Response& response) {
    if (auto* const acl = std::get_if<AclResponse>(&response)) {
      std::size_t bytes = 0;
      for (const AclEntry& entry : acl->entries) {
        bytes += entry.identifier.size() + entry.rights.size() + sizeof entry;
      }
      if (has_room(acl->raw_name, bytes)) {
        details_[folder_key(acl->raw_name)].acl = std::move(acl->entries);
      }
    } else if (auto* const metadata = std::get_if<MetadataResponse>(&response)) {
      for (MetadataEntry& entry : metadata->entries) {
        if (is_computed_by_server(entry.name)) continue;
        const std::size_t bytes = entry.name.size() + entry.value.size() + sizeof entry;
        if (!has_room(metadata->raw_name, bytes)) continue;
        details_[folder_key(metadata->raw_name)].metadata.push_back(std::move(entry));
      }
    } else if (auto* const roots = std::get_if<QuotaRootResponse>(&response)) {
      std::vector<QuotaRoot> list;
      for (std::string& name : roots->roots) {
        if (!has_room(roots->raw_name, name.size() + sizeof(QuotaRoot))) continue;
        list.push_back({std::move(name), {}});
      }
      if (!is_cut_) details_[folder_key(roots->raw_name)].quota_roots = std::move(list);
    } else if (auto* const quota = std::get_if<QuotaResponse>(&response)) {
      std::size_t bytes = sizeof(QuotaRoot);
      for (const QuotaResource& one : quota->root.resources) bytes += one.name.size() + sizeof one;
      if (has_room(quota->root.name, bytes)) {
        resources_[quota->root.name] = std::move(quota->root.resources);
      }
    }
  }

  FolderDetails details_of(std::string_view raw_name) {
    FolderDetails details = details_[folder_key(raw_name)];
    for (QuotaRoot& root : details.quota_roots) root.resources = resources_[root.name];
    details.is_cut = is_cut_;
    return details;
  }

  const std::vector<QuotaRoot>& quota_roots(std::string_view raw_name) {
    return details_[folder_key(raw_name)].quota_roots;
  }

  void set_quota_roots(std::string_view raw_name, std::vector<QuotaRoot> roots) {
    std::size_t bytes = 0;
    for (const QuotaRoot& root : roots) bytes += root.name.size() + sizeof root;
    if (has_room(raw_name, bytes)) {
      details_[folder_key(raw_name)].quota_roots = std::move(roots);
    }
  }

 private:
  // Whether another value of this many bytes, under `name`, is kept. Details never end a backup.
  bool has_room(std::string_view name, std::size_t bytes) {
    bytes += name.size() + sizeof(FolderDetails);
    if (is_cut_ || bytes > max_kept_ - kept_) {
      is_cut_ = true;
      return false;
    }
    kept_ += bytes;
    return true;
  }

  std::map<std::string, FolderDetails> details_;
  std::map<std::string, std::vector<QuotaResource>> resources_;
  std::size_t max_kept_;
  std::size_t kept_ = 0;
  bool is_cut_ = false;
};

// Dovecot counts all folders of the account for each GETQUOTAROOT, so requesting each of them takes
// the square of their number. Of 20,000 folders one answer takes more than a second.
constexpr std::size_t kMaxAskedForQuota = 100;
constexpr std::size_t kManyFolders = 1'000;
constexpr std::size_t kVeryManyFolders = 5'000;
constexpr std::size_t kQuotaSamples = 4;
constexpr std::size_t kQuotaSamplesOfMany = 2;

// The folders whose quota roots are requested first: all, or a few that are far apart in the list.
// In an account of very many only one, INBOX if it is among them, so that its roots count as those
// of all. `folders`: how many the account has, if these are not all.
std::vector<std::string> quota_samples(std::span<const std::string> raw_names,
                                       std::size_t folders) {
  folders = std::max(folders, raw_names.size());
  const std::size_t count = folders <= kMaxAskedForQuota  ? raw_names.size()
                            : folders <= kManyFolders     ? kQuotaSamples
                            : folders <= kVeryManyFolders ? kQuotaSamplesOfMany
                                                          : 1;
  if (raw_names.size() <= count) return {raw_names.begin(), raw_names.end()};
  if (count == 1) {
    const auto inbox = std::ranges::find_if(raw_names, [](const std::string& raw_name) {
      return base::equal_ignoring_case(raw_name, kInbox);
    });
    return {inbox != raw_names.end() ? *inbox : raw_names.front()};
  }
  std::vector<std::string> samples;
  for (std::size_t i = 0; i < count; ++i) {
    samples.push_back(raw_names[i * (raw_names.size() - 1) / (count - 1)]);
  }
  return samples;
}

bool have_same_roots(const std::vector<QuotaRoot>& a, const std::vector<QuotaRoot>& b) {
  return std::ranges::equal(a, b, {}, &QuotaRoot::name, &QuotaRoot::name);
}

}  // namespace

std::vector<FolderDetails> Session::Impl::details(std::span<const std::string> raw_names,
                                                  std::size_t folders, Quotas quotas) {
  const bool has_metadata = capabilities_.has("METADATA");
  const bool has_account_metadata = has_metadata || capabilities_.has("METADATA-SERVER");
  std::vector<std::string> with_quota;
  for (const std::string& raw_name : raw_names) {
    if (quotas == Quotas::kLeftOut || !capabilities_.has("QUOTA")) break;
    if (!raw_name.empty() && can_be_a_string(raw_name)) with_quota.push_back(raw_name);
  }
  const std::vector<std::string> samples = quota_samples(with_quota, folders);
  const std::set<std::string_view> is_sample(samples.begin(), samples.end());
  std::vector<Connection::Tag> tags;
  for (const std::string& raw_name : raw_names) {
    if (!can_be_a_string(raw_name)) continue;  // EXAMINE fails, with that reason
    const bool is_account = raw_name.empty();
    if (!is_account && capabilities_.has("ACL")) {
      tags.push_back(start(command("GETACL").string(raw_name)));
    }
    if (is_account ? has_account_metadata : has_metadata) {
      tags.push_back(start(command("GETMETADATA")
                               .text("(DEPTH infinity)")
                               .string(raw_name)
                               .text("(/private /shared)")));
    }
    if (is_sample.contains(raw_name)) {
      tags.push_back(start(command("GETQUOTAROOT").string(raw_name)));
    }
  }
  DetailList list(limits_.max_kept);
  // Details that the user may not read are refused; that does not affect the others.
  const auto finish_all = [&] {
    for (const Connection::Tag tag : std::exchange(tags, {})) {
      finish(tag, [&list](Response& response) { list.take(response); });
    }
  };
  finish_all();
  std::erase_if(with_quota, [&](const std::string& name) { return is_sample.contains(name); });
  const bool is_one_quota = std::ranges::all_of(samples, [&](const std::string& sample) {
    return have_same_roots(list.quota_roots(sample), list.quota_roots(samples.front()));
  });
  for (const std::string& raw_name : with_quota) {
    if (is_one_quota) {
      list.set_quota_roots(raw_name, list.quota_roots(samples.front()));
    } else {
      tags.push_back(start(command("GETQUOTAROOT").string(raw_name)));
    }
  }
  finish_all();
  std::vector<FolderDetails> details;
  details.reserve(raw_names.size());
  for (const std::string& raw_name : raw_names) details.push_back(list.details_of(raw_name));
  return details;
}

}  // namespace imap
