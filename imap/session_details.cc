// Session's commands for the properties of folders beyond their mail (RFC 4314, 5464, 9208).
#include <map>

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
      for (const AclEntry& entry : acl->entries) {
        keep(entry.identifier.size() + entry.rights.size() + sizeof entry);
      }
      details_[folder_key(acl->raw_name)].acl = std::move(acl->entries);
    } else if (auto* const metadata = std::get_if<MetadataResponse>(&response)) {
      auto& entries = details_[folder_key(metadata->raw_name)].metadata;
      for (MetadataEntry& entry : metadata->entries) {
        if (is_computed_by_server(entry.name)) continue;
        keep(entry.name.size() + entry.value.size() + sizeof entry);
        entries.push_back(std::move(entry));
      }
    } else if (auto* const roots = std::get_if<QuotaRootResponse>(&response)) {
      auto& list = details_[folder_key(roots->raw_name)].quota_roots;
      list.clear();
      for (std::string& name : roots->roots) {
        keep(name.size() + sizeof(QuotaRoot));
        list.push_back({std::move(name), {}});
      }
    } else if (auto* const quota = std::get_if<QuotaResponse>(&response)) {
      keep(quota->root.name.size() + sizeof(QuotaRoot));
      resources_[quota->root.name] = std::move(quota->root.resources);
    }
  }

  FolderDetails details_of(std::string_view raw_name) {
    FolderDetails details = details_[folder_key(raw_name)];
    for (QuotaRoot& root : details.quota_roots) root.resources = resources_[root.name];
    return details;
  }

 private:
  void keep(std::size_t bytes) {
    kept_ += bytes;
    if (kept_ > max_kept_) {
      base::fail(base::ErrorCode::kProtocol, "the server sent details of too many folders");
    }
  }

  std::map<std::string, FolderDetails> details_;
  std::map<std::string, std::vector<QuotaResource>> resources_;
  std::size_t max_kept_;
  std::size_t kept_ = 0;
};

}  // namespace

std::vector<FolderDetails> Session::Impl::details(std::span<const std::string> raw_names) {
  const bool has_metadata = capabilities_.has("METADATA");
  const bool has_account_metadata = has_metadata || capabilities_.has("METADATA-SERVER");
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
    if (!is_account && capabilities_.has("QUOTA")) {
      tags.push_back(start(command("GETQUOTAROOT").string(raw_name)));
    }
  }
  DetailList list(limits_.max_kept);
  // Details that the user may not read are refused; that does not affect the others.
  for (const Connection::Tag tag : tags) {
    finish(tag, [&list](Response& response) { list.take(response); });
  }
  std::vector<FolderDetails> details;
  details.reserve(raw_names.size());
  for (const std::string& raw_name : raw_names) details.push_back(list.details_of(raw_name));
  return details;
}

}  // namespace imap
