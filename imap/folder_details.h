// The properties of a folder beyond its messages and status.
#pragma once

#include <string>
#include <vector>

#include "imap/acl.h"
#include "imap/metadata.h"
#include "imap/quota.h"

namespace imap {

// A member is empty if the server does not have the property, or refuses to report it.
struct FolderDetails {
  std::vector<AclEntry> acl;
  std::vector<MetadataEntry> metadata;
  std::vector<QuotaRoot> quota_roots;
  // The server sent more than is kept (Limits::max_kept), so what is missing is unknown.
  bool is_cut = false;
};

// Whether quota roots are requested.
enum class Quotas { kRequested, kLeftOut };

}  // namespace imap
